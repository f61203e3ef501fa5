"""What a writer can rely on: their own posts, their drafts, the keyboard, and being told what is wrong."""

import json
import re
from collections.abc import Callable
from typing import Final, TypeVar
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Frame, Request, Route, expect

from tests.cast import Page
from tests.e2e.host_site import HostSite
from tests.e2e.readers import Readers
from tests.e2e.visitors import Visitor
from tests.running import Run
from tests.servers import wait_until

pytestmark = pytest.mark.one_database

STORED = "() => JSON.stringify(localStorage)"
TABS_AT_MOST = 10
Told = TypeVar("Told")

WRITE: Final = re.compile(r"/embed/write\.")
UNSENT: Final = "() => Object.entries(localStorage).find(([key]) => key.endsWith(':unsent'))?.[1] ?? null"
HOLD: Final = "from comments.models import Site; Site.objects.filter(key='waiting').update(moderation='pre')"
APPROVE: Final = """
from django.utils import timezone
from comments.models import Post
from comments.moderation.services import approve_post
for post in Post.objects.filter(status="pending"): approve_post(post, now=timezone.now())
"""
FLAGS: Final = (
    "from comments.models import Flag; print([flag.reason for flag in Flag.objects.filter(post={post})])"
)


def kept_in(box: list[Told]) -> Callable[[Told], None]:
    """A handler that only keeps what it is told."""

    def keep(told: Told) -> None:
        box.append(told)

    return keep


def test_own_posts_can_still_be_changed_after_a_reload(page: Page, readers: Readers) -> None:
    seen = readers.comments().open(page.url)
    seen.composer.post("Mine.", "alice")
    expect(seen.with_body("Mine.").name).to_have_text("alice")

    seen.open(page.url)
    seen.with_body("Mine.").edit("Still mine.")

    expect(seen.with_body("Still mine.").edited).to_be_visible()
    seen.with_body("Still mine.").delete()
    expect(seen.posts).to_have_count(0)
    expect(seen.composer.name).to_have_value("alice")


def test_others_posts_can_be_voted_on_but_not_changed(page: Page, readers: Readers, alice: Visitor) -> None:
    post_id = alice.posted("Hers.")
    seen = readers.comments().open(page.url)
    post = seen.by_id(post_id)
    expect(post.node.get_by_role("button", name="Edit")).to_be_hidden()
    expect(post.node.get_by_role("button", name="Delete")).to_be_hidden()

    post.press("Vote up")
    expect(post.score).to_have_text("1")
    seen.open(page.url)
    expect(post.node.get_by_role("button", name="Vote up")).to_have_attribute("aria-pressed", "true")
    post.press("Vote up")

    expect(post.score).to_have_text("0")


def test_an_edit_starts_from_the_markdown_that_was_written(page: Page, readers: Readers) -> None:
    seen = readers.comments().open(page.url)
    seen.composer.post("Some *stress*.", "alice")
    expect(seen.with_body("Some stress.").node).to_be_visible()
    seen.open(page.url)

    mine = seen.with_body("Some stress.")
    mine.press("Edit")

    expect(mine.form.body).to_have_value("Some *stress*.")


def test_a_draft_outlives_a_reload_and_goes_with_the_post(page: Page, readers: Readers) -> None:
    seen = readers.comments().open(page.url)
    seen.composer.body.fill("Not finished")
    wait_until(lambda: "Not finished" in seen.document.evaluate(STORED), message="the draft in the storage")

    seen.open(page.url)
    expect(seen.composer.body).to_have_value("Not finished")
    seen.composer.post("Finished.", "alice")
    expect(seen.with_body("Finished.").node).to_be_visible()
    seen.open(page.url)

    expect(seen.composer.body).to_have_value("")


def test_escape_closes_a_reply_and_gives_the_focus_back(page: Page, readers: Readers, alice: Visitor) -> None:
    post_id = alice.posted("Root.")
    seen = readers.comments().open(page.url)
    post = seen.by_id(post_id)
    post.press("Reply")
    expect(post.form.body).to_be_focused()

    post.form.body.press("Escape")

    expect(post.form.node).to_have_count(0)
    expect(post.node).to_be_focused()


def test_control_and_enter_post(page: Page, readers: Readers, alice: Visitor) -> None:
    root = alice.posted("Root.")
    seen = readers.comments().open(page.url)
    seen.by_id(root).press("Reply")
    seen.by_id(root).form.body.fill("By two keys.")

    seen.by_id(root).form.body.press("Control+Enter")

    expect(seen.with_body("By two keys.").node).to_be_focused()
    expect(seen.by_id(root).form.node).to_have_count(0)


def test_a_comment_can_be_posted_by_keyboard_alone(page: Page, readers: Readers) -> None:
    seen = readers.comments().open(page.url)
    keyboard = seen.page.keyboard
    body = seen.composer.body
    for _ in range(TABS_AT_MOST):
        keyboard.press("Tab")
        if body.evaluate("field => document.activeElement === field"):
            break

    keyboard.type("No mouse.")
    expect(seen.composer.name).to_be_visible()
    keyboard.press("Tab")
    expect(seen.composer.name).to_be_focused()
    keyboard.type("alice")
    keyboard.press("Tab")
    keyboard.press("Enter")

    expect(seen.with_body("No mouse.").name).to_have_text("alice")
    expect(seen.frame.get_by_role("status")).to_have_text("Comment posted")


def test_an_empty_post_is_answered_beside_the_field(page: Page, readers: Readers) -> None:
    seen = readers.comments().open(page.url)

    seen.composer.post("   ", "alice")

    expect(seen.composer.error).to_be_visible()
    expect(seen.composer.error).to_have_attribute("role", "alert")
    expect(seen.composer.body).to_have_attribute("aria-invalid", "true")
    expect(seen.composer.body).to_be_focused()
    expect(seen.posts).to_have_count(0)
    seen.composer.body.press_sequentially("x")
    expect(seen.composer.error).to_be_hidden()


def test_a_post_that_is_too_long_is_answered_beside_the_field(page: Page, readers: Readers) -> None:
    seen = readers.comments().open(page.url)
    seen.composer.body.focus()
    expect(seen.composer.name).to_be_visible()
    seen.composer.body.evaluate("field => field.removeAttribute('maxlength')")

    seen.composer.post("x" * 20_000, "alice")

    expect(seen.composer.error).to_contain_text("characters")
    expect(seen.composer.body).to_have_value("x" * 20_000)
    expect(seen.posts).to_have_count(0)


def test_a_name_that_is_too_long_is_answered_beside_its_field(page: Page, readers: Readers) -> None:
    seen = readers.comments().open(page.url)
    seen.composer.body.focus()
    seen.composer.name.evaluate("field => field.removeAttribute('maxlength')")

    seen.composer.post("Hello.", "alice" * 30)

    expect(seen.composer.name_error).to_contain_text("characters")
    expect(seen.composer.name).to_be_focused()


def test_who_posts_too_often_is_told_how_long_to_wait(
    kibitz: Run, limited_host: HostSite, readers: Readers
) -> None:
    busy = limited_host.page("a_busy_page", kibitz.url)
    mallory = Visitor("mallory", busy, kibitz.url)
    while mallory.post("Again.").status != 429:
        pass
    mallory.leave()
    seen = readers.comments().open(busy.url)

    seen.composer.post("Me too.", "bob")

    expect(seen.composer.error).to_contain_text("Please wait")
    expect(seen.composer.body).to_have_value("Me too.")
    expect(seen.composer.node.get_by_role("button", name=re.compile(r"^Post · \d+s$"))).to_be_disabled()


def test_the_button_counts_down_and_wakes_up(page: Page, readers: Readers) -> None:
    seen = readers.comments().open(page.url)
    refusal = '{"code": "throttled", "detail": "Too fast.", "fields": {}}'
    seen.page.route(
        "**/posts/",
        lambda route: route.fulfill(status=429, body=refusal, headers={"Retry-After": "2"}),
        times=1,
    )

    seen.composer.post("Patience.", "alice")
    expect(seen.composer.error).to_have_text("Please wait 2 seconds.")
    seen.composer.submit()  # as soon as it can be pressed

    expect(seen.with_body("Patience.").node).to_be_visible()
    expect(seen.composer.error).to_be_hidden()


@pytest.mark.parametrize("pointer", ["mouse", "finger"])
def test_what_is_typed_before_the_rest_of_the_form_is_there_is_kept(
    page: Page, readers: Readers, pointer: str
) -> None:
    seen = readers.comments(has_touch=pointer == "finger")
    waiting: list[Route] = []
    seen.page.route(WRITE, kept_in(waiting))
    seen.open(page.url)

    seen.composer.body.fill("Faster than the network.")
    wait_until(lambda: bool(waiting), message="a request for write.js")
    before = seen.composer.node.bounding_box()
    waiting[0].continue_()

    expect(seen.composer.name).to_be_visible()
    expect(seen.composer.body).to_have_value("Faster than the network.")
    assert seen.composer.node.bounding_box() == before
    seen.composer.submit()
    expect(seen.with_body("Faster than the network.").node).to_be_visible()


def test_reading_loads_nothing_that_only_writers_need(page: Page, readers: Readers, alice: Visitor) -> None:
    alice.posted("Hello.")
    seen = readers.comments()
    asked: list[str] = []
    seen.page.on("request", lambda request: asked.append(request.url))

    seen.open(page.url)

    scripts = [urlsplit(url).path.split(".")[0] for url in asked if url.endswith(".js")]
    assert scripts == ["/embed", "/embed/app"]


def test_who_cannot_load_the_form_is_told_and_can_try_again(page: Page, readers: Readers) -> None:
    seen = readers.comments()
    seen.page.route(WRITE, lambda route: route.abort(), times=1)
    seen.open(page.url)

    seen.composer.body.fill("Not lost.")
    expect(seen.composer.error).to_contain_text("This could not be loaded.")
    seen.composer.node.get_by_role("button", name="Retry").click()

    expect(seen.composer.name).to_be_visible()
    expect(seen.composer.error).to_be_hidden()
    expect(seen.composer.body).to_have_value("Not lost.")


def test_a_tab_that_is_older_than_the_server_gets_a_new_app_and_keeps_the_draft(
    page: Page, readers: Readers
) -> None:
    seen = readers.comments()
    documents: list[Frame] = []
    seen.page.route(WRITE, lambda route: route.continue_() if documents else route.fulfill(status=404))
    seen.open(page.url)
    seen.page.on("framenavigated", kept_in(documents))
    seen.composer.body.fill("Written in an old tab.")

    seen.composer.node.get_by_role("button", name="Retry").click()

    wait_until(seen.composer.name.is_visible, message="a new app that has everything")
    assert len(documents) == 1
    expect(seen.composer.body).to_have_value("Written in an old tab.")


def test_a_post_is_shown_before_the_server_has_it(page: Page, readers: Readers) -> None:
    seen = readers.comments().open(page.url)
    waiting: list[Route] = []
    seen.page.route("**/posts/", kept_in(waiting), times=1)

    seen.composer.post("At once.", "alice")
    expect(seen.letters).to_contain_text("At once.")
    expect(seen.letters).to_contain_text("Sending…")
    expect(seen.letters.locator(".said")).to_have_css("opacity", "0.6")
    expect(seen.composer.body).to_have_value("")
    wait_until(lambda: bool(waiting), message="the request")
    waiting[0].continue_()

    expect(seen.with_body("At once.").node).to_be_visible()
    expect(seen.letters).to_have_count(0)


def test_what_was_written_offline_outlives_a_reload_and_is_posted_once_when_back(
    page: Page, readers: Readers, alice: Visitor
) -> None:
    root = alice.posted("Root.")
    seen = readers.comments().open(page.url)
    seen.composer.body.focus()
    expect(seen.composer.name).to_be_visible()
    keys: list[str | None] = []
    away = seen.page.context

    away.set_offline(True)
    seen.composer.post("From a train.", "bob")
    expect(seen.letters).to_contain_text("You are offline.")
    seen.by_id(root).reply("A reply from a train.", "bob")
    expect(seen.letters).to_have_count(2)
    stored = json.loads(seen.document.evaluate(UNSENT))

    def note(request: Request) -> None:
        if request.method == "POST":
            keys.append(request.headers["idempotency-key"])

    seen.page.on("request", note)
    away.set_offline(False)

    expect(seen.letters).to_have_count(0)
    expect(seen.with_body("From a train.").node).to_have_count(1)
    expect(seen.with_body("A reply from a train.").node).to_have_count(1)
    assert keys == [letter["key"] for letter in stored]
    assert len(alice.snapshot().data["posts"]) == 3


def test_a_post_that_was_not_sent_outlives_a_reload(page: Page, readers: Readers, alice: Visitor) -> None:
    seen = readers.comments().open(page.url)
    seen.page.route("**/posts/", lambda route: route.abort())
    seen.composer.post("Stubborn.", "alice")
    expect(seen.letters).to_contain_text("Not sent.")

    seen.open(page.url)
    expect(seen.letters).to_contain_text("Stubborn.")
    seen.page.unroute("**/posts/")
    seen.letters.get_by_role("button", name="Retry").click()

    expect(seen.with_body("Stubborn.").name).to_have_text("alice")
    expect(seen.letters).to_have_count(0)
    assert len(alice.snapshot().data["posts"]) == 1


def test_a_post_that_was_not_sent_can_be_taken_back_or_thrown_away(page: Page, readers: Readers) -> None:
    seen = readers.comments().open(page.url)
    seen.page.route("**/posts/", lambda route: route.abort())
    seen.composer.post("First thought.", "alice")
    seen.composer.body.fill("Second thought.")

    seen.letters.get_by_role("button", name="Edit").click()
    expect(seen.composer.body).to_have_value("First thought.\n\nSecond thought.")
    expect(seen.letters).to_have_count(0)
    seen.composer.submit()
    seen.letters.get_by_role("button", name="Discard").click()

    expect(seen.letters).to_have_count(0)
    assert not seen.document.evaluate(UNSENT)


def test_a_refused_reply_comes_back_into_its_form(page: Page, readers: Readers, alice: Visitor) -> None:
    root = alice.posted("Root.")
    seen = readers.comments().open(page.url)
    seen.by_id(root).press("Reply")
    expect(seen.by_id(root).form.name).to_be_visible()
    refusal = '{"code": "invalid", "detail": "No.", "fields": {"body": ["Not like this."]}}'
    seen.page.route("**/posts/", lambda route: route.fulfill(status=400, body=refusal), times=1)

    seen.by_id(root).form.post("Take that.", submit="Reply")

    expect(seen.by_id(root).form.error).to_have_text("Not like this.")
    expect(seen.by_id(root).form.body).to_have_value("Take that.")
    expect(seen.by_id(root).form.body).to_be_focused()


def test_held_posts_are_shown_to_their_author_alone_until_they_turn_public_in_place(
    kibitz: Run, host: HostSite, page: Page, readers: Readers
) -> None:
    kibitz.manage("create_site", "waiting", "--origin", host.origin)
    kibitz.manage("shell", "-c", HOLD)
    held = host.pasted("waiting", f'<script async src="{kibitz.url}/embed.js" data-site="waiting"></script>')
    seen, other = readers.comments().open(held.url), readers.comments().open(held.url)

    seen.composer.post("Be patient.", "alice")
    expect(seen.with_body("Be patient.").node).to_contain_text("Awaiting moderation")
    seen.open(held.url)
    expect(seen.with_body("Be patient.").node).to_contain_text("Awaiting moderation")
    expect(other.posts).to_have_count(0)
    kibitz.manage("shell", "-c", APPROVE)

    expect(seen.with_body("Be patient.").node).not_to_contain_text("Awaiting moderation")
    expect(seen.with_body("Be patient.").node.get_by_role("button", name="Reply")).to_be_visible()
    expect(seen.posts).to_have_count(1)
    expect(other.pill).to_be_visible()


def test_how_long_a_post_can_be_edited_is_shown_also_after_a_reload(page: Page, readers: Readers) -> None:
    seen = readers.comments().open(page.url)
    seen.composer.post("Mine for a while.", "alice")
    expect(seen.with_body("Mine for a while.").node).to_contain_text("15 min. left to edit")

    seen.open(page.url)

    expect(seen.with_body("Mine for a while.").node).to_contain_text("15 min. left to edit")


def test_the_toolbar_marks_the_selection_and_undo_takes_it_back(page: Page, readers: Readers) -> None:
    seen = readers.comments().open(page.url)
    body = seen.composer.body
    body.fill("strong words")
    body.evaluate("field => field.setSelectionRange(0, 6)")

    seen.composer.node.get_by_role("button", name="Bold").click()
    expect(body).to_have_value("**strong** words")
    expect(body).to_be_focused()
    body.press("Control+z")
    expect(body).to_have_value("strong words")
    body.evaluate("field => field.setSelectionRange(7, 12)")
    body.press("Control+i")

    expect(body).to_have_value("strong *words*")


def test_the_toolbar_is_one_stop_for_the_keyboard(page: Page, readers: Readers) -> None:
    seen = readers.comments().open(page.url)
    seen.composer.body.focus()
    tools = seen.composer.node.get_by_role("toolbar")
    expect(tools).to_be_visible()

    seen.composer.body.press("Shift+Tab")  # the tabs
    seen.page.keyboard.press("Shift+Tab")
    expect(tools.get_by_role("button", name="Bold")).to_be_focused()
    seen.page.keyboard.press("ArrowLeft")

    expect(tools.get_by_role("button", name="List")).to_be_focused()
    expect(tools.locator("[tabindex='0']")).to_have_count(1)


def test_the_preview_is_the_servers_own_rendering(page: Page, readers: Readers) -> None:
    seen = readers.comments().open(page.url)
    seen.composer.body.fill("Some *stress* <script>alert(1)</script>")

    seen.composer.node.get_by_role("tab", name="Preview").click()

    panel = seen.composer.node.get_by_role("tabpanel")
    expect(panel.locator("em")).to_have_text("stress")
    expect(seen.composer.body).to_be_hidden()
    seen.composer.node.get_by_role("tab", name="Write").click()
    expect(seen.composer.body).to_have_value("Some *stress* <script>alert(1)</script>")
    seen.assert_nothing_ran()


def test_a_post_can_be_reported_and_the_focus_returns(
    page: Page, kibitz: Run, readers: Readers, alice: Visitor
) -> None:
    post = alice.posted("Buy this.")
    seen = readers.comments().open(page.url)

    seen.by_id(post).press("Report")
    dialog = seen.frame.get_by_role("dialog")
    dialog.get_by_role("radio", name="Spam").check()
    dialog.get_by_role("textbox").fill("The same on every page.")
    expect(dialog).to_be_in_viewport()
    dialog.get_by_role("button", name="Report").click()

    expect(dialog).to_have_count(0)
    expect(seen.by_id(post).node.get_by_role("button", name="Reported")).to_be_focused()
    flags = kibitz.manage("shell", "-c", FLAGS.format(post=post))
    assert "Spam or advertising: The same on every page." in flags


def test_escape_leaves_a_report_unsent_and_gives_the_focus_back(
    page: Page, readers: Readers, alice: Visitor
) -> None:
    post = alice.posted("Fine by me.")
    seen = readers.comments().open(page.url)
    seen.by_id(post).press("Report")
    expect(seen.frame.get_by_role("dialog")).to_be_visible()

    seen.page.keyboard.press("Escape")

    expect(seen.frame.get_by_role("dialog")).to_have_count(0)
    expect(seen.by_id(post).node.get_by_role("button", name="Report")).to_be_focused()


def test_the_form_fits_320_pixels(page: Page, readers: Readers, alice: Visitor) -> None:
    root = alice.posted("Root.")
    seen = readers.comments(viewport={"width": 320, "height": 640}, has_touch=True).open(page.url)

    seen.by_id(root).press("Reply")
    expect(seen.by_id(root).form.name).to_be_visible()

    assert seen.document.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    for box in (button.bounding_box() for button in seen.by_id(root).form.node.get_by_role("button").all()):
        assert box is not None
        assert box["height"] >= 44
