"""A reader hides an author's comments, for this reader alone."""

from typing import Any, Final

import pytest
from playwright.sync_api import Route, expect

from tests.cast import Page
from tests.e2e.host_site import HostSite
from tests.e2e.readers import Readers, kept_in
from tests.e2e.screens import Comments, PostScreen
from tests.e2e.visitors import Visitor
from tests.running import Run

pytestmark = pytest.mark.one_database

PHONE: Final[dict[str, Any]] = {"viewport": {"width": 320, "height": 640}, "has_touch": True}
MUTED: Final = "Muted: mallory · Show"
FINGER_PX: Final = 44
PIN: Final = "from comments.models import *; Thread.objects.filter(key={key!r}).update(pinned_post={post})"
NO_STORAGE: Final = """
  Object.defineProperty(window, "localStorage", { get() { throw new DOMException("", "SecurityError"); } });
"""


def press(post: PostScreen, label: str) -> None:
    post.node.get_by_role("button", name=label, exact=True).click()


def is_muted(seen: Comments, post_id: int) -> None:
    post = seen.by_id(post_id)
    expect(post.node.locator("> :visible")).to_have_text([MUTED])
    expect(post.node).to_have_accessible_name("Muted: mallory")
    expect(post.node).to_have_accessible_description("")


def is_shown(seen: Comments, post_id: int, text: str) -> None:
    post = seen.by_id(post_id)
    expect(post.body).to_have_text(text)
    expect(post.body).to_be_visible()
    expect(post.node).to_have_accessible_name("mallory")
    expect(post.node).to_have_accessible_description(text)
    expect(post.node.get_by_text("Muted:")).to_have_count(0)


def test_whom_a_reader_mutes_is_quiet_until_heard_again(
    page: Page, kibitz: Run, readers: Readers, host: HostSite, bob: Visitor, mallory: Visitor
) -> None:
    rude, pinned = mallory.posted("Rude."), mallory.posted("Rude and pinned.")
    reply = bob.posted("Be nice.", parent=rude)
    elsewhere = host.page("elsewhere", kibitz.url)
    far = mallory.posted("Rude elsewhere.", page=elsewhere)
    kibitz.shell(PIN.format(key=page.key, post=pinned))
    seen = readers.comments().open(page.url)
    is_shown(seen, rude, "Rude.")

    press(seen.by_id(rude), "Mute")

    is_muted(seen, rude)
    is_muted(seen, pinned)
    expect(seen.by_id(rude).node).to_be_focused()
    expect(seen.frame.get_by_role("status")).to_have_text("Muted: mallory")
    expect(seen.by_id(reply).body).to_be_visible()
    expect(seen.count).to_have_text("3 comments")

    live, root = mallory.posted("Rude again.", parent=reply), mallory.posted("Rude on top.")
    seen.reveal()
    is_muted(seen, live)
    is_muted(seen, root)
    mallory.edit(live, "Rude, edited.")
    mallory.delete(root)
    expect(seen.by_id(root).node).to_have_count(0)
    is_muted(seen, live)

    seen.open(elsewhere.url)
    is_muted(seen, far)
    seen.open(page.url)
    is_muted(seen, rude)
    is_muted(seen, live)

    press(seen.by_id(live), "Show")
    is_shown(seen, live, "Rude, edited.")
    expect(seen.by_id(live).node).to_be_focused()
    is_muted(seen, rude)
    press(seen.by_id(live), "Vote up")
    expect(seen.by_id(live).score).to_have_text("1")
    is_shown(seen, live, "Rude, edited.")

    press(seen.by_id(live), "Unmute")
    is_shown(seen, rude, "Rude.")
    is_shown(seen, pinned, "Rude and pinned.")
    expect(seen.by_id(live).node.get_by_role("button", name="Mute", exact=True)).to_be_visible()
    expect(seen.frame.get_by_role("status")).to_have_text("No longer muted: mallory")
    seen.open(page.url)
    is_shown(seen, rude, "Rude.")


def test_nobody_else_notices(page: Page, readers: Readers, mallory: Visitor) -> None:
    rude = mallory.posted("Rude.")
    seen, other = readers.comments().open(page.url), readers.comments().open(page.url)

    press(seen.by_id(rude), "Mute")

    is_muted(seen, rude)
    is_shown(other.open(page.url), rude, "Rude.")


def test_what_is_muted_is_hidden_before_the_file_for_it_is_there(
    page: Page, readers: Readers, mallory: Visitor
) -> None:
    rude = mallory.posted("Rude.")
    seen = readers.comments().open(page.url)
    press(seen.by_id(rude), "Mute")
    is_muted(seen, rude)
    held: list[Route] = []
    seen.page.route("**/embed/mute.*.js", kept_in(held))

    seen.open(page.url)

    expect(seen.by_id(rude).node).to_have_count(1)
    expect(seen.by_id(rude).node.locator("> :visible")).to_have_count(0)
    held[0].continue_()
    is_muted(seen, rude)


def test_a_link_to_what_is_muted_shows_it(page: Page, readers: Readers, mallory: Visitor) -> None:
    rude, other = mallory.posted("Rude."), mallory.posted("Rude, too.")
    seen = readers.comments().open(page.url)
    press(seen.by_id(rude), "Mute")
    is_muted(seen, rude)

    seen.element.evaluate("(element, id) => element.scrollToComment(id)", rude)
    is_shown(seen, rude, "Rude.")
    is_muted(seen, other)

    seen.page.goto("about:blank")
    seen.open(f"{page.url}#kibitz-{other}")
    is_shown(seen, other, "Rude, too.")
    is_muted(seen, rude)


def test_a_finger_and_a_keyboard_find_it(page: Page, readers: Readers, mallory: Visitor) -> None:
    rude = mallory.posted("Rude.")
    seen = readers.comments(**PHONE).open(page.url)
    post = seen.by_id(rude)
    mute, show = (post.node.get_by_role("button", name=name, exact=True) for name in ("Mute", "Show"))

    for button in (mute, show):
        box = button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= FINGER_PX
        assert box["x"] + box["width"] <= PHONE["viewport"]["width"]
        button.focus()
        seen.page.keyboard.press("Enter")
        expect(button).to_be_hidden()

    is_shown(seen, rude, "Rude.")


def test_another_tab_follows(page: Page, readers: Readers, mallory: Visitor) -> None:
    rude, other = mallory.posted("Rude."), mallory.posted("Rude, too.")
    seen = readers.comments().open(page.url)
    press(seen.by_id(rude), "Mute")
    is_muted(seen, rude)
    beside = Comments(seen.page.context.new_page()).open(page.url)
    is_muted(beside, rude)

    press(seen.by_id(rude), "Show")
    press(seen.by_id(rude), "Unmute")

    is_shown(beside, rude, "Rude.")
    is_shown(beside, other, "Rude, too.")


def test_where_nothing_can_be_kept_it_holds_as_long_as_the_page(
    page: Page, readers: Readers, mallory: Visitor
) -> None:
    rude = mallory.posted("Rude.")
    tab = readers.tab()
    tab.add_init_script(NO_STORAGE)
    seen = Comments(tab).open(page.url)

    press(seen.by_id(rude), "Mute")
    live = mallory.posted("Rude again.", parent=rude)

    is_muted(seen, rude)
    is_muted(seen, live)
    seen.open(page.url)
    is_shown(seen, rude, "Rude.")
