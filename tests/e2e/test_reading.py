"""What a reader has on screen stays in its place, and a thread of any shape can be read."""

from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.cast import Page
from tests.e2e.readers import Readers
from tests.e2e.screens import SOON_MILLISECONDS, Comments
from tests.e2e.visitors import Visitor
from tests.running import Run

pytestmark = pytest.mark.one_database

CHAIN = 1_000
# by the use-case, in one transaction: a thousand requests would take half a minute
MAKE_CHAIN = """
from django.db import transaction
from django.utils import timezone
from comments.posting.services import Draft, create_post
from comments.threads.models import Post
from comments.threads.services import Page
with transaction.atomic():
    last = Post.objects.select_related("thread__site", "author").get(pk={root})
    thread, author = last.thread, last.author
    page = Page(page_id=thread.page_id, url=thread.url, title=thread.title)
    for number in range(1, {length} + 1):
        draft = Draft(f"Link {{number}}.", "alice", "", last.pk, None, "")
        last, _ = create_post(thread.site, thread.key, page, draft, author=author, now=timezone.now())
print(last.pk)
"""
DEEPEST = """() => {
  let deepest = 0;
  for (const element of document.querySelectorAll("*")) {
    let depth = 0;
    for (let at = element; at; at = at.parentElement) depth++;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}"""
MAKE_REPLIES = """
from django.db import transaction
from django.utils import timezone
from comments.posting.services import Draft, create_post
from comments.threads.models import Post
from comments.threads.services import Page
with transaction.atomic():
    parent = Post.objects.select_related("thread__site", "author").get(pk={parent})
    thread, author = parent.thread, parent.author
    page = Page(page_id=thread.page_id, url=thread.url, title=thread.title)
    for number in range({count}):
        draft = Draft(f"Late {{number}}.", "alice", "", parent.pk, None, "")
        create_post(thread.site, thread.key, page, draft, author=author, now=timezone.now())
"""
SLOW_DOWN = """
from django.utils import timezone
from comments.threads.models import Thread
from comments.threads.services import slow_down
slow_down(Thread.objects.select_related("site").get(key="{key}"), {seconds}, now=timezone.now())
"""
WATCH_SHIFTS = """() => {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const { value, sources, hadRecentInput } of list.getEntries())  // as a new size
      if (!hadRecentInput) shifts.push([value, ...sources.map(({ node }) => node?.id)]);
  }).observe({ type: "layout-shift" });
}"""
DRAWN = "() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 250)))"
SELECTED = "field => [field.selectionStart, field.selectionEnd, document.activeElement === field]"


def wait_until_drawn(seen: Comments) -> None:
    """Until what the frame asked of its page, and the pill's way after it, are done."""
    for frame in seen.page.frames:
        frame.evaluate(DRAWN)


def scroll_to(seen: Comments, node: Locator) -> None:
    """Puts it into the upper half of the window, as a reader would."""
    top = node.bounding_box()
    assert top
    seen.page.evaluate("(top) => scrollBy({ top, behavior: 'instant' })", top["y"] - 200)
    wait_until_drawn(seen)


def place_of(node: Locator) -> float:
    """In the window of the page."""
    box = node.bounding_box()
    assert box
    return box["y"]


def height_of(seen: Comments) -> float:
    box = seen.element.bounding_box()
    assert box
    return box["height"]


def watch_shifts(seen: Comments) -> None:
    for frame in seen.page.frames:
        frame.evaluate(WATCH_SHIFTS)


def shifts(seen: Comments) -> list[list[Any]]:
    """Of the page and of the frame in it."""
    return [frame.evaluate("() => shifts") for frame in seen.page.frames]


def test_new_comments_wait_and_move_nothing(page: Page, readers: Readers, alice: Visitor) -> None:
    for number in range(20):
        alice.posted(f"Post {number}.")
    seen = readers.comments().open(page.url)
    middle = seen.with_body("Post 10.").node
    draft = seen.composer.body
    draft.fill("Half a thought")
    draft.evaluate("field => field.setSelectionRange(5, 9)")
    middle.scroll_into_view_if_needed()
    seen.page.mouse.wheel(0, 200)
    seen.page.evaluate("() => new Promise(requestAnimationFrame)")
    before = middle.bounding_box()
    selected = draft.evaluate(SELECTED)

    for number in range(3):
        alice.posted(f"News {number}.")
    expect(seen.pill).to_have_text("3 new comments")

    expect(seen.pill).to_be_in_viewport()
    assert middle.bounding_box() == before
    assert draft.evaluate(SELECTED) == selected == [5, 9, True]
    expect(draft).to_have_value("Half a thought")
    expect(seen.bodies).to_have_count(20)
    seen.reveal()
    expect(seen.bodies).to_have_count(23)
    assert seen.bodies.all_text_contents()[:4] == ["News 2.", "News 1.", "News 0.", "Post 19."]


def test_a_chain_of_a_thousand_replies_reads_like_any_other(
    kibitz: Run, page: Page, readers: Readers, alice: Visitor
) -> None:
    root = alice.posted("Link 0.")
    last = int(kibitz.shell(MAKE_CHAIN.format(root=root, length=CHAIN)))
    seen = readers.comments().open(page.url)
    expect(seen.posts).to_have_count(11)

    for shown in range(210, CHAIN, 200):
        seen.more_replies.click()
        expect(seen.posts).to_have_count(shown + 1)
    seen.more_replies.click()

    expect(seen.posts).to_have_count(CHAIN + 1)
    expect(seen.more_replies).to_have_count(0)
    assert seen.bodies.all_text_contents() == [f"Link {number}." for number in range(CHAIN + 1)]
    assert seen.document.evaluate(DEEPEST) < 20
    assert seen.document.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    seen.by_id(last).reply("Still going.", "alice")
    expect(seen.with_body("Still going.").node).to_be_visible()


def test_a_long_thread_comes_in_pages(page: Page, readers: Readers, alice: Visitor) -> None:
    for number in range(60):
        alice.posted(f"Post {number}.")
    seen = readers.comments().open(page.url)
    expect(seen.posts).to_have_count(50)

    seen.more.click()

    expect(seen.bodies).to_have_text([f"Post {number}." for number in range(59, -1, -1)])
    expect(seen.more).to_be_hidden()
    expect(seen.with_body("Post 9.").node).to_be_focused()


def test_a_reader_chooses_the_order(page: Page, readers: Readers, alice: Visitor, bob: Visitor) -> None:
    alice.posted("First.")
    best = alice.posted("Second.")
    alice.posted("Third.")
    bob.vote(best, 1)
    seen = readers.comments().open(page.url)
    order = seen.frame.get_by_label("Sort by")

    order.select_option(label="Oldest")
    expect(seen.bodies).to_have_text(["First.", "Second.", "Third."])
    order.select_option(label="Best")
    expect(seen.bodies.first).to_have_text("Second.")


def test_a_branch_folds_away_and_comes_back(page: Page, readers: Readers, alice: Visitor) -> None:
    root = alice.posted("Root.")
    reply = alice.posted("Reply.", parent=root)
    seen = readers.comments().open(page.url)

    seen.by_id(root).press("Collapse")
    expect(seen.by_id(reply).node).to_be_hidden()
    seen.by_id(root).press("1 reply")
    expect(seen.by_id(reply).node).to_be_visible()


def test_a_link_to_a_comment_leads_to_it(page: Page, readers: Readers, alice: Visitor) -> None:
    linked = alice.posted("The one that is linked.")
    for number in range(55):
        alice.posted(f"Later {number}.")
    seen = readers.comments()

    seen.page.goto(f"{page.url}#kibitz-{linked}")

    expect(seen.by_id(linked).body).to_be_in_viewport(timeout=SOON_MILLISECONDS)


@pytest.mark.parametrize("where", ["inside the branch", "below it"])
def test_a_hundred_live_replies_in_a_second_move_nothing_that_is_read(
    where: str, kibitz: Run, page: Page, readers: Readers, alice: Visitor
) -> None:
    root = alice.posted("Root.")
    answered = alice.posted("Answered a lot.", parent=root)
    for number in range(8):
        alice.posted(f"Reply {number}.", parent=root)
    below = [alice.posted(f"Post {number}.") for number in range(30)]
    seen = readers.comments().open(page.url)
    seen.frame.get_by_label("Sort by").select_option(label="Oldest")
    expect(seen.posts.first).to_have_attribute("data-id", str(root))
    watched = seen.with_body("Reply 6.").node if where == "inside the branch" else seen.by_id(below[14]).node
    scroll_to(seen, watched)
    watch_shifts(seen)
    before, height = place_of(watched), height_of(seen)

    kibitz.shell(MAKE_REPLIES.format(parent=answered, count=100))

    expect(seen.count).to_have_text("140 comments")
    expect(seen.posts).to_have_count(140)
    wait_until_drawn(seen)
    assert place_of(watched) == pytest.approx(before, abs=1)
    in_page, in_frame = shifts(seen)
    assert in_page == []
    if where == "inside the branch":  # where the frame counts its own growth as a shift, in a view of its own
        assert height_of(seen) > height + 5_000
    else:
        assert in_frame == []


def test_a_branch_that_grew_out_of_sight_moves_nothing_when_it_comes_into_view(
    kibitz: Run, page: Page, readers: Readers, alice: Visitor
) -> None:
    root = alice.posted("Answered a lot.")
    below = [alice.posted(f"Post {number}.") for number in range(30)]
    seen = readers.comments().open(page.url)
    seen.frame.get_by_label("Sort by").select_option(label="Oldest")
    expect(seen.posts.first).to_have_attribute("data-id", str(root))
    next_to_it = seen.by_id(below[0]).node
    scroll_to(seen, seen.by_id(below[8]).node)
    kibitz.shell(MAKE_REPLIES.format(parent=root, count=100))
    expect(seen.posts).to_have_count(131)
    height = height_of(seen)
    scroll_to(seen, next_to_it)
    before = place_of(next_to_it)

    for _ in range(5):
        seen.page.evaluate("() => scrollBy({ top: -100, behavior: 'instant' })")
        wait_until_drawn(seen)

    assert place_of(next_to_it) == pytest.approx(before + 500, abs=1)
    assert height_of(seen) > height + 5_000


def test_a_link_to_a_reply_deep_in_a_branch_on_a_later_page_leads_to_it(
    page: Page, readers: Readers, alice: Visitor
) -> None:
    deep = alice.posted("Level 0.")
    for level in range(1, 15):
        deep = alice.posted(f"Level {level}.", parent=deep)
    for number in range(55):
        alice.posted(f"Later {number}.")
    seen = readers.comments()

    seen.page.goto(f"{page.url}#kibitz-{deep}")

    expect(seen.by_id(deep).body).to_be_in_viewport(timeout=SOON_MILLISECONDS)
    expect(seen.with_body("Level 0.").node).to_be_attached()


def test_a_link_that_leads_nowhere_says_so(page: Page, readers: Readers, alice: Visitor) -> None:
    alice.posted("Here.")
    deleted = alice.posted("Gone soon.")
    alice.delete(deleted)
    elsewhere = alice.posted("On another page.", page=replace(page, page_id="elsewhere"))

    for target in (deleted, elsewhere, 2**40):
        seen = readers.comments()
        seen.page.goto(f"{page.url}#kibitz-{target}")
        expect(seen.notice).to_have_text("The comment that the link leads to is not here.")
        expect(seen.bodies).to_have_text(["Here."])


def test_slow_mode_is_shown_while_one_reads_and_goes_again(
    kibitz: Run, page: Page, readers: Readers, alice: Visitor
) -> None:
    alice.posted("Heated.")
    seen = readers.comments().open(page.url)

    kibitz.shell(SLOW_DOWN.format(key=page.key, seconds=30))
    expect(seen.notice).to_have_text("Slow mode: one comment every 30 seconds.")

    kibitz.shell(SLOW_DOWN.format(key=page.key, seconds=0))
    expect(seen.notice).to_have_count(0)
