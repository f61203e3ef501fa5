"""Everybody can read and write: by keyboard, with a screen reader, enlarged, on a narrow screen."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Frame, Locator, expect

from tests.cast import Page
from tests.e2e.readers import Readers
from tests.e2e.screens import Comments
from tests.e2e.visitors import Visitor
from tests.servers import wait_until

pytestmark = pytest.mark.one_database

AXE: Final = Path(__file__).parents[2] / "embed" / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS: Final = {"desktop": 1200, "phone": 360}
NARROWEST_PX: Final = 320
ZOOM: Final = 2
# Its first heading is one of the second level: that of the first is the host page's.
RULES: Final = {"page-has-heading-one": {"enabled": False}}
# The document is see-through and shows its page; axe takes a see-through ground for white.
PAINT_GROUND: Final = "() => { document.documentElement.style.backgroundColor = 'Canvas'; }"
WRONG: Final = """async (rules) => {
  const { violations } = await axe.run(document, { rules, resultTypes: ["violations"] });
  return violations.map(({ id, nodes }) =>
    `${id}: ${nodes.map(({ html, failureSummary }) => `${html} (${failureSummary})`).join("; ")}`);
}"""
HIDDEN_BESIDE: Final = "() => document.documentElement.scrollWidth - innerWidth"
IS_BARE: Final = """() => {
  const { activeElement: at } = document;
  const drawn = at.closest("form.composer:has(textarea:focus, input:focus)") ?? at;
  const { outlineStyle, outlineWidth } = getComputedStyle(drawn);
  return outlineStyle === "none" || parseFloat(outlineWidth) < 2;
}"""
FOCUSED: Final = """() => {
  const { activeElement: at } = document;
  return at === document.body ? "" : at.ariaLabel ?? at.textContent;
}"""
MOVING: Final = "() => document.getAnimations().filter(({ playState }) => playState === 'running').length"
SPEAKERS: Final = "[aria-live=polite], [role=status]"


@pytest.fixture
def thread(page: Page, alice: Visitor, bob: Visitor) -> Page:
    """A root with a reply and a reply to that, a deleted root with one, and a root in Markdown."""
    root = alice.posted("The first, with a [link](https://example.org/) and `code`.")
    reply = bob.posted("A reply.", parent=root)
    alice.posted("A reply to the reply.", parent=reply)
    gone = bob.posted("Soon gone.")
    alice.posted("Its reply stays.", parent=gone)
    bob.delete(gone)
    bob.posted("1. one\n2. two\n\n> quoted\n\n```\na line of code\n```\n\n**Stressed**, ~~gone~~.")
    return page


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("device", list(WIDTHS))
def test_axe_finds_nothing_wrong(
    thread: Page, readers: Readers, bob: Visitor, device: str, theme: Any, direction: str
) -> None:
    seen = readers.comments(
        viewport={"width": WIDTHS[device], "height": 900}, color_scheme=theme, bypass_csp=True
    ).open(thread.url)
    expect(seen.frame.locator("html")).to_have_attribute("data-theme", theme)
    document = prepared(seen, direction)

    assert wrong(document) == [], "a thread"

    seen.with_body("A reply.").press("Reply")
    form = seen.with_body("A reply.").form
    expect(form.body).to_be_focused()
    assert wrong(document) == [], "an open reply"

    form.submit("Reply")
    expect(form.error).not_to_be_empty()
    assert wrong(document) == [], "an error"

    form.body.press("Escape")
    seen.composer.post("My own.", "carol")
    mine = seen.with_body("My own.")
    expect(mine.node).to_be_visible()
    mine.press("Edit")
    expect(mine.form.body).to_be_focused()
    assert wrong(document) == [], "one's own post in its editor"

    mine.form.body.press("Escape")
    mine.press("Delete")
    bob.posted("News.")
    expect(seen.pill).to_be_visible()
    assert wrong(document) == [], "a question before deleting, and news"

    seen.keys.focus()
    seen.page.keyboard.press("Enter")
    expect(seen.frame.get_by_role("dialog")).to_be_visible()
    assert wrong(document) == [], "the list of keys"


def test_axe_finds_nothing_wrong_in_a_page_without_comments(page: Page, readers: Readers) -> None:
    seen = readers.comments(bypass_csp=True).open(page.url)
    expect(seen.notice).to_be_visible()

    assert wrong(prepared(seen, "ltr")) == []


def test_the_list_is_a_feed_of_named_and_numbered_articles(thread: Page, readers: Readers) -> None:
    seen = readers.comments().open(thread.url)
    expect(seen.posts).to_have_count(6)

    feed = seen.frame.get_by_role("feed")
    expect(feed).to_have_accessible_name(re.compile(r"^\d comments$"))
    expect(feed).not_to_have_attribute("aria-busy", "true")
    articles = feed.get_by_role("article")
    for number, article in enumerate(articles.all(), start=1):
        expect(article).to_have_attribute("aria-posinset", str(number))
        expect(article).to_have_attribute("aria-setsize", "6")
        expect(article).to_have_attribute("tabindex", "-1")
    reply = seen.with_body("A reply.").node
    expect(reply).to_have_accessible_name("bob")
    expect(reply).to_have_accessible_description("A reply.")


def test_a_folded_branch_is_not_counted(thread: Page, readers: Readers) -> None:
    seen = readers.comments().open(thread.url)
    expect(seen.posts).to_have_count(6)

    seen.with_body("The first, with a link and code.").press("Collapse")

    shown = seen.frame.locator("article:visible")
    expect(shown).to_have_count(4)
    expect(shown.last).to_have_attribute("aria-posinset", "4")
    expect(shown.last).to_have_attribute("aria-setsize", "4")


def test_the_size_of_a_list_with_more_pages_is_unknown(page: Page, readers: Readers, alice: Visitor) -> None:
    for number in range(52):
        alice.posted(f"Post {number}.")
    seen = readers.comments().open(page.url)
    expect(seen.posts).to_have_count(50)
    expect(seen.posts.first).to_have_attribute("aria-setsize", "-1")

    seen.more.click()

    expect(seen.posts).to_have_count(52)
    expect(seen.posts.first).to_have_attribute("aria-setsize", "52")


def test_one_region_speaks_and_the_list_does_not(thread: Page, readers: Readers, bob: Visitor) -> None:
    seen = readers.comments().open(thread.url)
    region = seen.frame.locator(SPEAKERS)
    expect(region).to_have_count(1)

    bob.posted("News.")

    expect(region).to_have_text("1 new comment")
    expect(seen.frame.get_by_role("feed")).not_to_have_attribute("aria-live", "polite")


def test_everything_can_be_reached_and_used_by_keyboard(thread: Page, readers: Readers) -> None:
    seen = readers.comments().open(thread.url)
    expect(seen.posts).to_have_count(6)
    keyboard = seen.page.keyboard
    seen.composer.body.focus()
    expect(seen.composer.name).to_be_visible()  # it came with the form's other tools
    seen.frame.get_by_label("Sort by").focus()

    reached = tabbed(seen)
    expected = ["Your comment", "Name", "Post", "Vote up", "Vote down", "Reply", "Link", "Collapse"]
    assert [label for label in expected if label not in reached] == []

    seen.composer.body.focus()
    keyboard.type("By keyboard.")
    keyboard.press("Tab")
    seen.composer.name.press_sequentially("carol")
    keyboard.press("Control+Enter")
    mine = seen.with_body("By keyboard.")
    expect(mine.node).to_be_visible()

    mine.node.get_by_role("button", name="Reply").focus()
    keyboard.press("Enter")
    expect(mine.form.body).to_be_focused()
    keyboard.press("Escape")
    expect(mine.node).to_be_focused()


def test_page_keys_step_from_comment_to_comment(thread: Page, readers: Readers) -> None:
    seen = readers.comments().open(thread.url)
    first, second, third = (seen.posts.nth(number) for number in range(3))
    keyboard = seen.page.keyboard
    first.get_by_role("button", name="Reply").focus()
    keyboard.press("Shift")
    expect(seen.keys).to_be_attached()

    keyboard.press("PageDown")
    expect(second).to_be_focused()
    keyboard.press("j")
    expect(third).to_be_focused()
    keyboard.press("PageUp")
    expect(second).to_be_focused()
    keyboard.press("k")
    expect(first).to_be_focused()
    keyboard.press("Tab")
    expect(first.locator(":focus")).to_have_count(1)  # its own first button
    keyboard.press("r")
    expect(first.locator("textarea")).to_be_focused()
    keyboard.press("j")
    expect(first.locator("textarea")).to_have_value("j")
    expect(first.get_by_label("Name")).to_be_visible()  # and what Escape does with it
    keyboard.press("Escape")
    expect(first).to_be_focused()
    keyboard.press("Control+Home")
    expect(seen.composer.body).to_be_focused()


def test_the_short_keys_are_listed_and_can_be_switched_off(thread: Page, readers: Readers) -> None:
    seen = readers.comments().open(thread.url)
    first, second = seen.posts.nth(0), seen.posts.nth(1)
    keyboard = seen.page.keyboard
    first.get_by_role("button", name="Reply").focus()
    keyboard.press("Shift")
    expect(seen.keys).to_be_attached()

    keyboard.press("?")
    dialog = seen.frame.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_contain_text("Next or previous comment")
    dialog.get_by_label("Use j, k, r and ? as shortcuts").uncheck()
    keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(first.get_by_role("button", name="Reply")).to_be_focused()
    keyboard.press("j")
    expect(first.get_by_role("button", name="Reply")).to_be_focused()
    keyboard.press("PageDown")
    expect(second).to_be_focused()

    seen.open(thread.url)  # another day
    first.get_by_role("button", name="Reply").focus()
    keyboard.press("Shift")
    expect(seen.keys).to_be_attached()
    keyboard.press("j")
    expect(first.get_by_role("button", name="Reply")).to_be_focused()
    seen.keys.focus()
    keyboard.press("Enter")
    expect(dialog.get_by_role("checkbox")).not_to_be_checked()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_focus_is_always_seen(thread: Page, readers: Readers, theme: Any) -> None:
    seen = readers.comments(color_scheme=theme).open(thread.url)
    seen.frame.get_by_label("Sort by").focus()
    document = seen.document

    bare = []
    for _ in range(20):
        if document.evaluate(IS_BARE):
            bare.append(document.evaluate(FOCUSED))
        seen.page.keyboard.press("Tab")

    assert bare == []


def test_nothing_moves_for_those_who_asked_for_stillness(
    thread: Page, readers: Readers, bob: Visitor
) -> None:
    seen = readers.comments(reduced_motion="reduce").open(thread.url)

    bob.posted("News.")
    seen.reveal()
    expect(seen.with_body("News.").node).to_be_visible()

    assert seen.document.evaluate(MOVING) == 0
    assert seen.page.evaluate(MOVING) == 0


def test_a_screen_of_320_pixels_needs_no_sideways_scrolling(thread: Page, readers: Readers) -> None:
    seen = readers.comments(viewport={"width": NARROWEST_PX, "height": 600}).open(thread.url)
    seen.with_body("A reply to the reply.").press("Reply")
    expect(seen.frame.locator("article form textarea")).to_be_focused()

    assert seen.document.evaluate(HIDDEN_BESIDE) <= 0
    assert seen.page.evaluate(HIDDEN_BESIDE) <= 0
    assert (
        cut_off(seen.frame.locator("button:visible, textarea:visible, input:visible, select:visible")) == []
    )


def test_at_twice_the_size_everything_is_there(thread: Page, readers: Readers) -> None:
    """What a browser's zoom does: half the width, at twice the pixels."""
    seen = readers.comments(
        viewport={"width": 1280 // ZOOM, "height": 720 // ZOOM}, device_scale_factor=ZOOM
    ).open(thread.url)

    assert seen.page.evaluate(HIDDEN_BESIDE) <= 0
    assert seen.document.evaluate(HIDDEN_BESIDE) <= 0


def test_text_of_twice_the_size_is_not_cut_off(thread: Page, readers: Readers) -> None:
    seen = readers.comments(viewport={"width": 640, "height": 720}).open(thread.url)
    document = seen.document
    document.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
    wait_until(
        lambda: document.evaluate("() => document.documentElement.scrollHeight - innerHeight") <= 0,
        message="a frame as high as its content",
    )

    assert document.evaluate(HIDDEN_BESIDE) <= 0
    assert cut_off(seen.frame.locator("button:visible, .body:visible")) == []


def prepared(seen: Comments, direction: str) -> Frame:
    """The frame with axe in it, on the ground that its page paints."""
    document = seen.document
    document.evaluate("direction => { document.documentElement.dir = direction; }", direction)
    document.evaluate(PAINT_GROUND)
    document.add_script_tag(content=AXE.read_text())
    return document


def wrong(document: Frame) -> list[str]:
    found: list[str] = document.evaluate(WRONG, RULES)
    return found


def tabbed(seen: Comments) -> list[str]:
    """What Tab comes to, until it leaves the frame."""
    labels: list[str] = []
    while len(labels) < 60:
        seen.page.keyboard.press("Tab")
        if not (label := str(seen.document.evaluate(FOCUSED))):
            break
        labels.append(label)
    return labels


def cut_off(elements: Locator) -> list[str]:
    """What does not fit into its own box, or sticks out of the frame."""
    found: list[str] = elements.evaluate_all(
        """elements => elements.filter((element) => {
          const { left, right, width } = element.getBoundingClientRect();
          return width && (left < 0 || right > innerWidth || element.scrollWidth > element.clientWidth + 1
            && getComputedStyle(element).fontSize !== "0px" && element.tagName !== "SELECT");
        }).map((element) => element.outerHTML.slice(0, 120))"""
    )
    return found
