"""Signing in with somebody else, in a window: what the frame does about it, whatever the window does."""

import re

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from tests.cast import Page
from tests.e2e.readers import Readers
from tests.e2e.screens import Comments
from tests.e2e.signing_in import SignInScreen, opened

pytestmark = pytest.mark.one_database


def window_of(panel: SignInScreen, seen: Comments) -> Tab:
    """Presses the way in and gives its window, in which there is a page that says nothing."""
    seen.page.context.route("**/auth/passkey/**", lambda route: route.fulfill(body="Nothing."))
    with seen.page.expect_popup() as popup:
        panel.button("Passkey").click()
    return popup.value


def test_a_window_that_says_nothing_leaves_the_digits(club: Page, readers: Readers) -> None:
    seen = readers.comments().open(club.url)
    panel = opened(seen)
    popup = window_of(panel, seen)
    expect(panel.lead).to_have_text("Finish in the window that has opened.")
    assert re.search(r"/auth/passkey/\?site=members&challenge=[\w-]{43}&lang=en$", popup.url)

    seen.document.evaluate("() => postMessage({ kibitz: 'handoff', code: 'c'.repeat(43) }, '*')")
    popup.close()

    expect(panel.lead).to_have_text("Does the window show six digits? Enter them here.")
    expect(panel.code).to_be_focused()
    panel.button("Another way").click()
    expect(panel.email).to_be_focused()


def test_a_window_that_is_given_up_closes(club: Page, readers: Readers) -> None:
    seen = readers.comments().open(club.url)
    panel = opened(seen)
    popup = window_of(panel, seen)

    with popup.expect_event("close"):
        panel.button("Cancel").click()

    expect(panel.email).to_be_focused()


def test_a_blocked_window_can_be_opened_after_all(club: Page, readers: Readers) -> None:
    tab = readers.tab()
    tab.add_init_script(
        "const open = window.open; let n = 0; window.open = (...how) => n++ ? open(...how) : null;"
    )
    seen = Comments(tab).open(club.url)
    seen.page.context.route("**/auth/passkey/**", lambda route: route.fulfill(body="Nothing."))
    panel = opened(seen)

    panel.button("Passkey").click()
    expect(panel.error).to_have_text("Your browser has blocked the window. Retry")
    with seen.page.expect_popup():
        panel.button("Retry").click()

    expect(panel.lead).to_have_text("Finish in the window that has opened.")


def test_where_nothing_can_be_hashed_there_are_no_windows(club: Page, readers: Readers) -> None:
    tab = readers.tab()
    tab.add_init_script("Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined });")
    seen = Comments(tab).open(club.url)
    panel = opened(seen)

    expect(panel.email).to_be_focused()
    expect(panel.button("Passkey")).to_have_count(0)
