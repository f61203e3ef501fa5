"""Moderators at their queue, live, beside each other and before readers. PICTURES=DIR keeps the pictures."""

import re
from typing import Any, Final

import pytest
from playwright.sync_api import expect

from tests.cast import Page
from tests.e2e.conftest import STRICT_SITE, page_name
from tests.e2e.host_site import HostSite
from tests.e2e.moderators import Moderators, empty_queue, told
from tests.e2e.readers import Readers
from tests.e2e.visitors import Visitor
from tests.running import Run

pytestmark = pytest.mark.one_database

HELD: Final = "Awaiting moderation"
AT_ONCE_SECONDS: Final = 5.0  # a second, on a machine that runs other tests beside it
NOTED: Final = """
  new MutationObserver((_, observer) => {
    if (!document.querySelector("article.card")) return;
    window.seenAt = performance.timeOrigin + performance.now();
    observer.disconnect();
  }).observe(document.body, { subtree: true, childList: true });
"""


@pytest.fixture
def page(request: pytest.FixtureRequest, strict_host: HostSite, kibitz: Run) -> Page:
    empty_queue(kibitz, STRICT_SITE)  # every test begins with one
    return strict_host.page(page_name(request), kibitz.url)


def test_two_moderators_and_two_readers_agree_at_every_moment(
    kibitz: Run, page: Page, readers: Readers, moderators: Moderators
) -> None:
    morgan, maxine = moderators.queue("morgan"), moderators.queue("maxine")
    writer, reader = readers.comments().open(page.url), readers.comments().open(page.url)
    expect(morgan.empty).to_have_text("Nothing waits. Good.")
    expect(maxine.empty).to_have_text("Nothing waits. Good.")

    # a post is held, and waits in both queues
    for queue in (morgan, maxine):
        queue.tab.evaluate(NOTED)
    with writer.page.expect_request(
        lambda request: request.method == "POST" and "/posts/" in request.url
    ) as sent:
        writer.composer.post("Is this fine?", "alice")
    for queue in (morgan, maxine):
        expect(queue.cards).to_have_count(1)
        seconds = (queue.tab.evaluate("seenAt") - sent.value.timing["startTime"]) / 1000
        print(f"in a moderator's queue {seconds:.3f} s after it was sent")
        assert seconds < AT_ONCE_SECONDS
    held = int(morgan.cards.first.get_attribute("data-id") or 0)
    for queue in (morgan, maxine):
        expect(queue.by_id(held).body).to_have_text("Is this fine?")
        expect(queue.tab).to_have_title(re.compile(r"^\(1\) Moderation \| Kibitz"))
    expect(writer.with_body("Is this fine?").node).to_contain_text(HELD)
    expect(reader.posts).to_have_count(0)

    # one looks after it, and the other sees who
    morgan.focus(held)
    expect(maxine.by_id(held).claim).to_contain_text("Being handled by morgan.")

    # she approves it: it is public, and in no queue
    morgan.tab.keyboard.press("a")
    expect(reader.pill).to_have_text("1 new comment")
    reader.reveal()
    expect(reader.with_body("Is this fine?").node).to_be_visible()
    expect(writer.with_body("Is this fine?").node).not_to_contain_text(HELD)
    expect(morgan.undo).to_contain_text("Approved 1 comment.")
    expect(maxine.by_id(held).note).to_have_text("Approved by morgan")
    for queue in (morgan, maxine):
        expect(queue.cards).to_have_count(0)
        expect(queue.tab).to_have_title(re.compile(r"^Moderation \| Kibitz"))

    # and takes that back: retracted, and in both queues
    morgan.tab.keyboard.press("z")
    expect(reader.by_id(held).body).to_be_empty()
    expect(reader.by_id(held).name).to_have_text("Removed by a moderator")
    expect(writer.with_body("Is this fine?").node).to_contain_text(HELD)
    for queue in (morgan, maxine):
        queue.expect_ids(held)
        expect(queue.by_id(held).body).to_have_text("Is this fine?")
        expect(queue.tab).to_have_title(re.compile(r"^\(1\)"))
    assert morgan.focused() == held
    for tab in (morgan.tab, maxine.tab):
        assert tab.evaluate("() => window.violations") == []


def test_the_slower_of_two_is_told_and_takes_over_what_is_claimed(
    page: Page, moderators: Moderators, alice: Visitor
) -> None:
    first, second = alice.posted("First."), alice.posted("Second.")
    morgan, maxine = moderators.queue("morgan"), moderators.queue("maxine")
    morgan.focus(first)
    expect(maxine.by_id(first).claim).to_contain_text("morgan")

    maxine.by_id(first).press("Reject")
    expect(maxine.by_id(first).note).to_contain_text("Not done: morgan is handling this.")
    maxine.by_id(first).note.get_by_role("button", name="Take over").click()
    expect(maxine.undo).to_contain_text("Rejected 1 comment.")
    expect(morgan.by_id(first).note).to_have_text("Rejected by maxine")

    # maxine's page hears nothing for a while, so she decides about what is decided
    maxine.tab.context.set_offline(True)
    maxine.tab.route("**/moderation/posts/*", lambda route: route.abort())
    morgan.by_id(second).press("Approve")
    expect(morgan.undo).to_contain_text("Approved 1 comment.")
    maxine.tab.context.set_offline(False)
    maxine.by_id(second).press("Spam")
    expect(maxine.by_id(second).note).to_contain_text("morgan approved this a moment ago.")


def test_everything_by_the_keyboard(
    page: Page, readers: Readers, moderators: Moderators, alice: Visitor
) -> None:
    ids = [alice.posted(f"Number {number}.") for number in range(5)]
    queue = moderators.queue("morgan")
    queue.expect_ids(*reversed(ids))
    keys = queue.tab.keyboard

    keys.press("j")
    assert queue.focused() == ids[4]
    keys.press("r")
    expect(queue.undo).to_contain_text("Rejected 1 comment.")
    assert queue.focused() == ids[3]
    keys.press("s")
    expect(queue.undo).to_contain_text("Marked 1 comment as spam.")
    keys.press("z")
    expect(queue.undo).to_contain_text("Taken back.")
    queue.expect_ids(*reversed(ids[:4]))
    assert queue.focused() == ids[3]

    keys.press("x")
    keys.press("j")
    keys.press("j")
    keys.press("Shift+X")
    expect(queue.bulk).to_contain_text("3 comments selected.")
    keys.press("a")
    expect(queue.undo).to_contain_text("Approved 3 comments.")
    queue.expect_ids(ids[0])

    keys.press("c")
    expect(queue.by_id(ids[0]).reply).to_be_focused()
    keys.type("abc: no key of these acts.")
    keys.press("Control+Enter")
    expect(queue.undo).to_contain_text("Approved, and replied.")
    expect(queue.empty).to_be_visible()
    reader = readers.comments().open(page.url)
    expect(reader.with_body("abc: no key of these acts.").node).to_contain_text("morgan")

    keys.press("?")
    help_dialog = queue.tab.get_by_role("dialog", name="Keyboard shortcuts")
    help_dialog.get_by_role("checkbox").uncheck()
    keys.press("Escape")
    expect(help_dialog).to_have_count(0)
    late = alice.posted("One more.")
    expect(queue.by_id(late).node).to_be_visible()
    keys.press("j")
    keys.press("a")
    expect(queue.by_id(late).node).to_be_visible()
    assert queue.focused() != late


def test_a_ban_with_what_was_written_and_its_undo(
    page: Page, readers: Readers, moderators: Moderators, mallory: Visitor
) -> None:
    ids = [mallory.posted(f"Rude {number}.") for number in range(3)]
    queue = moderators.queue("morgan")
    queue.focus(ids[1])

    queue.tab.keyboard.press("b")
    dialog = queue.tab.get_by_role("dialog", name="Ban mallory")
    dialog.get_by_label("30 days").check()
    dialog.get_by_label("Reject all").check()
    dialog.get_by_label("Reason").fill("Insults.")
    dialog.get_by_role("button", name="Ban mallory").click()

    expect(queue.undo).to_contain_text("Banned mallory for 30 days, rejected 3 comments.")
    expect(queue.empty).to_be_visible()
    assert mallory.post("More.").code == "banned"
    queue.undo.get_by_role("button", name="Undo").click()
    queue.expect_ids(*reversed(ids))
    assert mallory.post("More.").status == 201


def test_what_is_new_waits_while_a_card_is_looked_at(
    page: Page, moderators: Moderators, alice: Visitor
) -> None:
    first = alice.posted("First.")
    queue = moderators.queue("morgan")
    queue.focus(first)
    place = queue.by_id(first).node.bounding_box()

    second = alice.posted("Second.")
    expect(queue.pill).to_have_text("1 new")

    queue.expect_ids(first)
    assert queue.focused() == first
    assert queue.by_id(first).node.bounding_box() == place
    queue.tab.keyboard.press("n")
    queue.expect_ids(second, first)
    assert queue.focused() == second


def test_the_address_says_what_is_looked_for(
    page: Page, moderators: Moderators, alice: Visitor, bob: Visitor
) -> None:
    by_alice, by_bob = alice.posted("Apples."), bob.posted("Pears.")
    queue = moderators.queue("morgan")
    queue.expect_ids(by_bob, by_alice)

    queue.by_id(by_alice).node.get_by_role("link", name="All by alice").click()
    queue.expect_ids(by_alice)
    queue.tab.get_by_label("Search").fill("pears")
    queue.tab.keyboard.press("Enter")
    expect(queue.empty).to_have_text("No comment here matches.")
    queue.tab.get_by_role("link", name="Without: By").click()
    queue.expect_ids(by_bob)
    assert queue.tab.url.endswith("?q=pears")
    queue.tab.go_back()
    queue.tab.go_back()
    queue.expect_ids(by_alice)
    queue.tab.go_back()
    queue.expect_ids(by_bob, by_alice)
    queue.tab.get_by_label("Order").select_option("oldest")
    queue.expect_ids(by_alice, by_bob)
    queue.tab.reload()
    queue.expect_ids(by_alice, by_bob)


def test_what_a_reader_reports_is_kept_or_not(
    page: Page, moderators: Moderators, alice: Visitor, bob: Visitor
) -> None:
    post = alice.posted("Questionable.")
    queue = moderators.queue("morgan")
    queue.by_id(post).press("Approve")
    expect(queue.empty).to_be_visible()
    queue.tab.get_by_role("link", name="Reported").click()

    bob.flag(post, reason="Off topic.")

    expect(queue.by_id(post).node).to_contain_text("“Off topic.”")
    expect(queue.tab).to_have_title(re.compile(r"^\(1\)"))
    queue.by_id(post).press("Keep")
    expect(queue.empty).to_have_text("No reader complains about anything.")


def test_a_whole_queue_is_decided_at_once_but_for_what_came_later(
    kibitz: Run, page: Page, moderators: Moderators, alice: Visitor
) -> None:
    first = alice.posted("To copy.")
    told(
        kibitz,
        f"""
from datetime import timedelta
from comments.models import Post
post = Post.objects.get(pk={first})
Post.objects.bulk_create(
    Post(site=post.site, thread=post.thread, author=post.author, author_name="alice", body=f"{{number}}",
         html=f"<p>{{number}}</p>", status="pending", is_listed=False,
         created=post.created - timedelta(seconds=number))
    for number in range(1, 300)
)
""",
    )
    queue = moderators.queue("morgan")
    expect(queue.cards).to_have_count(50)
    queue.tab.keyboard.press("j")
    queue.tab.keyboard.press("x")
    queue.bulk.get_by_role("button", name="Select all 50 on this page").click()
    queue.bulk.get_by_role("button", name="Select all 300 in this queue").click()
    expect(queue.bulk).to_contain_text("All 300 in this queue are selected.")
    late = alice.posted("Seen by nobody.")
    expect(queue.pill.or_(queue.by_id(late).node)).to_be_visible()

    queue.bulk.get_by_role("button", name="Reject").click()
    queue.tab.get_by_role("dialog").get_by_role("button", name="Reject").click()

    expect(queue.undo).to_contain_text("Rejected 300 comments.")
    expect(queue.tab).to_have_title(re.compile(r"^\(1\)"))
    assert alice.look(late).data["status"] == "pending"
    queue.tab.keyboard.press("z")
    expect(queue.tab).to_have_title(re.compile(r"^\(301\)"))


PHONE: Final[dict[str, Any]] = {
    "viewport": {"width": 360, "height": 740},
    "has_touch": True,
    "is_mobile": True,
}
SMALL_TARGETS: Final = """() => [...document.querySelectorAll(`#moderation button, #moderation select,
    #moderation input[type=search], #moderation .queues a, #moderation .pick,
    dialog button, dialog fieldset label`)]
    .filter(node => node.checkVisibility({ visibilityProperty: true }))
    .map(node => [node.outerHTML.slice(0, 80), node.getBoundingClientRect()])
    .filter(([, box]) => box.height < 44 || box.width < 40)"""


def test_on_a_phone(page: Page, moderators: Moderators, alice: Visitor) -> None:
    first, second = alice.posted("First."), alice.posted("Second " + "word" * 60)
    queue = moderators.queue("morgan", **PHONE)

    assert queue.tab.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    queue.by_id(first).node.locator(".pick").tap()
    expect(queue.bulk).to_be_visible()
    assert queue.tab.evaluate(SMALL_TARGETS) == []
    queue.bulk.get_by_role("button", name="Approve").tap()
    expect(queue.undo).to_contain_text("Approved 1 comment.")
    queue.undo.get_by_role("button", name="Undo").tap()
    queue.expect_ids(second, first)
    queue.by_id(second).node.get_by_role("button", name="Ban…").tap()
    expect(queue.tab.get_by_role("dialog")).to_be_visible()
    assert queue.tab.evaluate(SMALL_TARGETS) == []
    queue.tab.get_by_role("button", name="Cancel").tap()
    assert queue.tab.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0


def test_who_moderates_nothing_is_shown_no_way_here(
    kibitz: Run, page: Page, moderators: Moderators, readers: Readers
) -> None:
    queue = moderators.queue("morgan")
    queue.tab.goto(f"{kibitz.url}/admin/")
    expect(queue.tab.get_by_role("link", name="Moderate comments")).to_be_visible()
    queue.tab.get_by_role("link", name="Moderation", exact=True).click()
    expect(queue.empty).to_be_visible()
