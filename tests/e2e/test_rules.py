"""The page of a site's rules, as an owner uses it: by keyboard, on a phone, and with a dry run."""

import os
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from tests.cast import Page
from tests.e2e.host_site import HostSite
from tests.e2e.readers import Readers
from tests.e2e.test_status_page import HIDDEN_BESIDE, WIDTHS, logged_in
from tests.e2e.visitors import Visitor
from tests.running import Run

pytestmark = pytest.mark.one_database

SLOW_MILLISECONDS: Final = 60_000  # Chromium takes seconds to lay out so many lines
FILL: Final = """([held, refused]) => {
  document.getElementById("id_held_words").value = held;
  document.getElementById("id_rejected_words").value = refused;
}"""
ORDER: Final = "nodes => nodes.map(node => node.dataset.phase)"


def opened(readers: Readers, kibitz: Run, site: str, **options: Any) -> Tab:
    """The rules of a site, by way of its page."""
    tab = logged_in(readers, kibitz, "/admin/comments/site/", **options)
    tab.locator("#result_list").get_by_role("link", name=site, exact=True).click()
    tab.get_by_role("link", name="Rules").click()
    return tab


def order(tab: Tab) -> list[str]:
    found: list[str] = tab.locator(".phase").evaluate_all(ORDER)
    return found


def test_phases_move_by_keyboard_and_are_saved_so(
    kibitz: Run, readers: Readers, limited_host: HostSite
) -> None:
    tab = opened(readers, kibitz, "limited")
    before = order(tab)
    tab.get_by_role("button", name="Words: move up").focus()

    for _ in range(before.index("words")):
        tab.keyboard.press("Enter")

    expect(tab.get_by_role("button", name="Words: move up")).to_be_disabled()
    expect(tab.get_by_role("button", name="Words: move down")).to_be_focused()
    expect(tab.get_by_role("status")).to_have_text(f"Words: now number 1 of {len(before)}.")
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_text("The rules are saved")).to_be_visible()
    assert order(tab) == ["words", *(name for name in before if name != "words")]


def test_without_javascript_numbers_order_them(kibitz: Run, readers: Readers, limited_host: HostSite) -> None:
    tab = opened(readers, kibitz, "limited", java_script_enabled=False)
    expect(tab.get_by_role("button", name="Links: move up")).to_be_hidden()

    tab.get_by_label("Place of Links").fill("0")
    tab.get_by_role("button", name="Save").click()

    expect(tab.get_by_text("The rules are saved")).to_be_visible()
    assert tab.locator(".phase .title").first.inner_text() == "Links"


def test_two_lists_of_a_hundred_thousand_words_are_tried(
    kibitz: Run, readers: Readers, page: Page, alice: Visitor
) -> None:
    alice.posted("A casino, somewhere.")
    tab = opened(readers, kibitz, "blog")
    words = "casino\n" + "\n".join(f"word{number:x}" for number in range(99_999))

    tab.locator(".phase[data-phase=words]").get_by_role("checkbox").check()
    tab.evaluate(FILL, [words, words.removeprefix("casino\n")])
    tab.get_by_role("button", name="Try on the last").click(timeout=SLOW_MILLISECONDS)

    found = tab.get_by_text("Contains “casino” (held words, line 1)").first
    expect(found).to_be_visible(timeout=SLOW_MILLISECONDS)


@pytest.mark.parametrize("device", list(WIDTHS))
def test_pictures(
    kibitz: Run, readers: Readers, limited_host: HostSite, host: HostSite, device: str, tmp_path: Path
) -> None:
    directory = Path(os.environ.get("PICTURES") or tmp_path)
    directory.mkdir(parents=True, exist_ok=True)
    tab = opened(readers, kibitz, "demo", viewport={"width": WIDTHS[device], "height": 800})

    def picture(name: str) -> None:
        for theme in ("light", "dark"):
            tab.emulate_media(color_scheme=theme)
            tab.screenshot(path=directory / f"rules-{name}-{device}-{theme}.png", full_page=True)
        assert tab.evaluate(HIDDEN_BESIDE) <= 0, name

    picture("page")
    tab.locator(".phase[data-phase=words]").get_by_role("checkbox").check()
    tab.get_by_label("Words that are held").fill("the\n/comment(s|ed)/")
    tab.get_by_label("Words that are refused").fill("love")
    tab.get_by_role("button", name="Try on the last").click()
    expect(tab.get_by_role("heading", name="What would change")).to_be_visible()
    picture("tried")
    tab.get_by_label("Words that are held").fill("good\n/(never closed/\n" + "x" * 10_000)
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_text("Nothing was saved.")).to_be_visible()
    picture("wrong")
