"""What a writer can rely on: their own posts, their drafts, the keyboard, and being told what is wrong."""

import re
from typing import Final

import pytest
from playwright.sync_api import expect

from tests.cast import Page
from tests.e2e.host_site import HostSite
from tests.e2e.readers import Readers
from tests.e2e.visitors import Visitor
from tests.running import Run
from tests.servers import wait_until

pytestmark = pytest.mark.one_database

STORED = "() => JSON.stringify(localStorage)"
DRAFTS = "() => JSON.stringify(Object.entries(localStorage).filter(([key]) => key.includes(':draft:')))"
TABS_AT_MOST = 10
FLAGS: Final = (
    "from comments.models import Flag; print([flag.reason for flag in Flag.objects.filter(post={post})])"
)


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


def test_an_edit_that_was_begun_outlives_a_reload_and_ends_when_saved(page: Page, readers: Readers) -> None:
    seen = readers.comments().open(page.url)
    seen.composer.post("First version.", "alice")
    seen.with_body("First version.").press("Edit")
    editing = seen.posts.first.locator("form.composer textarea")
    editing.fill("Half a second ver")

    seen.open(page.url)
    seen.with_body("First version.").press("Edit")

    expect(editing).to_have_value("Half a second ver")
    editing.fill("Second version.")
    editing.press("Control+Enter")
    expect(seen.with_body("Second version.").edited).to_be_visible()
    seen.open(page.url)
    seen.with_body("Second version.").press("Edit")
    expect(editing).to_have_value("Second version.")
    assert "version" not in seen.document.evaluate(DRAFTS)


def test_an_edit_that_was_cancelled_is_forgotten(page: Page, readers: Readers) -> None:
    seen = readers.comments().open(page.url)
    seen.composer.post("Good as it is.", "alice")
    mine = seen.with_body("Good as it is.")
    mine.press("Edit")
    editing = seen.posts.first.locator("form.composer textarea")
    editing.fill("Worse.")

    editing.press("Escape")
    mine.press("Edit")

    expect(editing).to_have_value("Good as it is.")
    assert "Worse" not in seen.document.evaluate(DRAFTS)


def test_escape_closes_a_reply_and_gives_the_focus_back(page: Page, readers: Readers, alice: Visitor) -> None:
    post_id = alice.posted("Root.")
    seen = readers.comments().open(page.url)
    post = seen.by_id(post_id)
    post.press("Reply")
    expect(post.form.body).to_be_focused()
    expect(post.form.name).to_be_visible()  # what Escape does came with it

    post.form.body.press("Escape")

    expect(post.form.node).to_have_count(0)
    expect(post.node).to_be_focused()


def test_control_and_enter_post(page: Page, readers: Readers, alice: Visitor) -> None:
    root = alice.posted("Root.")
    seen = readers.comments().open(page.url)
    seen.by_id(root).press("Reply")
    seen.by_id(root).form.body.fill("By two keys.")
    expect(seen.by_id(root).form.name).to_be_visible()  # what the keys do came with it

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
    expect(seen.composer.node.get_by_role("button", name="Sign in")).to_be_visible()
    keyboard.press("Tab")
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


def test_how_long_a_post_can_be_edited_is_shown_also_after_a_reload(page: Page, readers: Readers) -> None:
    seen = readers.comments().open(page.url)
    seen.composer.post("Mine for a while.", "alice")
    expect(seen.with_body("Mine for a while.").node).to_contain_text("15 min. left to edit")

    seen.open(page.url)

    expect(seen.with_body("Mine for a while.").node).to_contain_text("15 min. left to edit")


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
    flags = kibitz.shell(FLAGS.format(post=post))
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
