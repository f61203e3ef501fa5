"""Tabs that nobody looks at let their connection go, and are current again when somebody does."""

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, expect

from loadtest.chromium import CHROMIUM, SWITCHES
from tests.cast import Page
from tests.conftest import WaitUntil
from tests.e2e.host_site import HostSite
from tests.e2e.readers import Readers
from tests.e2e.screens import LISTENING, Comments, heard
from tests.e2e.visitors import Visitor

pytestmark = pytest.mark.one_database

# What a browser tells a page whose tab goes to the back, or returns: a headless one has all tabs in front.
SHOW: Final = """isHidden => {
  Object.defineProperty(document, "hidden", { get: () => isHidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
LONGEST_RELEASE_MILLISECONDS: Final = 75_000


@pytest.fixture
def keeping_readers(browser: Browser) -> Iterator[Readers]:
    """In a browser that keeps pages for the back button, which Playwright's own switches forbid."""
    keeping = browser.browser_type.launch(
        executable_path=CHROMIUM,
        args=list(SWITCHES),
        ignore_default_args=["--disable-back-forward-cache"],
    )
    readers = Readers(keeping)
    yield readers
    readers.leave()
    keeping.close()
    assert readers.page_errors == []


def test_a_hidden_tab_lets_go_and_misses_nothing(page: Page, readers: Readers, alice: Visitor) -> None:
    seen = readers.comments()
    seen.page.clock.install()
    with seen.page.expect_websocket() as opened:
        seen.open(page.url)
    expect(seen.state).to_have_text("Live")
    seen.document.evaluate(SHOW, True)

    with opened.value.expect_event("close"):
        seen.page.clock.fast_forward(LONGEST_RELEASE_MILLISECONDS)
    alice.posted("While nobody looked.")
    seen.document.evaluate(SHOW, False)

    expect(seen.pill).to_have_text("1 new comment")
    expect(seen.state).to_have_text("Live")


def test_the_back_button_brings_the_page_back_as_it_was_and_current(
    page: Page, host: HostSite, keeping_readers: Readers, alice: Visitor, wait_until: WaitUntil
) -> None:
    """By what the page hears: Playwright loses sight of a frame that comes back so."""
    alice.posted("Before.")
    seen = keeping_readers.comments()
    seen.page.add_init_script(LISTENING)
    seen.open(page.url)
    seen.page.evaluate("() => { window.isTheSame = true; }")

    seen.page.goto(host.pasted("somewhere-else", "").url)
    alice.posted("Meanwhile.")
    seen.page.go_back(wait_until="commit")  # nothing is loaded

    assert seen.page.evaluate("() => window.isTheSame") is True
    wait_until(lambda: last_count(seen) == 2, message="what was posted meanwhile")
    alice.posted("Now.")
    wait_until(lambda: last_count(seen) == 3, message="what is posted now")


def last_count(seen: Comments) -> int:
    return int(heard(seen.page, "count")[-1]["count"])
