"""Signing in by keyboard, with a screen reader, on a narrow screen; PICTURES=DIR keeps the pictures."""

import os
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import expect

from tests.cast import Page
from tests.e2e.readers import Readers
from tests.e2e.screens import Comments
from tests.e2e.signing_in import SignInScreen, account, code_to, opened
from tests.e2e.test_accessibility import WIDTHS, prepared, wrong
from tests.running import Run

pytestmark = pytest.mark.one_database

NARROW: Final[dict[str, Any]] = {"viewport": {"width": 320, "height": 640}, "has_touch": True}
FINGER_PX: Final = 44
HIDDEN_BESIDE: Final = "() => document.documentElement.scrollWidth - innerWidth"


def look(seen: Comments, name: str) -> None:
    """PICTURES=DIR keeps the pictures."""
    if folder := os.environ.get("PICTURES"):
        seen.page.screenshot(path=Path(folder) / f"signin-{name}.png", full_page=True)


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("device", list(WIDTHS))
def test_axe_finds_nothing_wrong(
    club: Page, readers: Readers, kibitz: Run, device: str, theme: Any, direction: str
) -> None:
    seen = readers.comments(
        viewport={"width": WIDTHS[device], "height": 900}, color_scheme=theme, bypass_csp=True
    ).open(club.url)
    document = prepared(seen, direction)
    panel = SignInScreen(seen)
    email = f"{device}-{theme}-{direction}@example.org"

    seen.composer.post("To be seen.")
    expect(panel.email).to_be_focused()
    panel.ask_for_code("nobody")
    expect(panel.error).to_be_visible()
    look(seen, f"{device}-{theme}-{direction}-ways")
    assert wrong(document) == [], "the ways to sign in, and an error"

    panel.ask_for_code(email, "Uma")
    expect(panel.lead).to_have_text(f"We have sent a code to {email}.")
    look(seen, f"{device}-{theme}-{direction}-code")
    assert wrong(document) == [], "where the code goes"

    panel.code.fill(code_to(kibitz, email))
    expect(seen.with_body("To be seen.").node).to_be_visible()
    account(seen).click()
    dialog = seen.frame.get_by_role("dialog", name="Account")
    dialog.get_by_role("button", name="Sign out everywhere").click()
    look(seen, f"{device}-{theme}-{direction}-account")
    assert wrong(document) == [], "the account"

    dialog.get_by_role("button", name="Ways to sign in").click()
    expect(dialog.get_by_role("button", name="Add a passkey")).to_be_visible()
    look(seen, f"{device}-{theme}-{direction}-ways-in")
    assert wrong(document) == [], "the ways in"

    dialog.get_by_role("button", name="Change").click()
    dialog.get_by_label("E-mail").fill(f"a@{device}-{theme}-{direction}")
    dialog.get_by_role("button", name="Send code").click()
    expect(dialog.get_by_text("Please enter an e-mail address.")).to_be_visible()
    look(seen, f"{device}-{theme}-{direction}-change")
    assert wrong(document) == [], "another address"


def test_everything_fits_a_narrow_screen_and_a_finger(club: Page, readers: Readers) -> None:
    seen = readers.comments(**NARROW).open(club.url)
    panel = opened(seen)
    expect(panel.email).to_be_focused()

    assert seen.document.evaluate(HIDDEN_BESIDE) <= 0
    for button in panel.node.get_by_role("button").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= FINGER_PX, button.inner_text()
