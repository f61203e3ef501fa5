"""A member's own dialog, where it shows by what they sign in; PICTURES=DIR keeps pictures of it."""

import os
from pathlib import Path

from playwright.sync_api import Locator, Route, expect
from playwright.sync_api import Page as Tab

from tests.e2e.device import Device
from tests.e2e.screens import Comments
from tests.e2e.signing_in import account, code_to, opened
from tests.running import Run


class WaysScreen:
    def __init__(self, seen: Comments) -> None:
        self.seen = seen
        self.dialog = seen.frame.get_by_role("dialog", name="Account")
        self.node = self.dialog.locator(".own-ways")
        self.ways = self.node.get_by_role("listitem")
        self.error = self.node.locator("> .error")
        self.code = self.node.get_by_label("Six-digit code")
        self.failure = self.node.locator("form").get_by_role("alert")

    def open(self) -> "WaysScreen":
        self.seen.composer.body.click()
        account(self.seen).click()
        self.button("Ways to sign in", self.dialog).click()
        expect(self.node.get_by_role("heading", name="Ways to sign in")).to_be_focused()
        return self

    def button(self, name: str, within: Locator | None = None) -> Locator:
        return (within or self.node).get_by_role("button", name=name, exact=True)

    def window(self, name: str) -> Tab:
        """What opens at a press."""
        with self.seen.page.context.expect_page() as opening:
            self.button(name).click()
        return opening.value

    def remove(self, way: Locator) -> None:
        self.button("Remove", way).click()
        self.button("Really remove?", way).click()

    def change_email(self, kibitz: Run, email: str) -> None:
        self.button("Change").click()
        self.node.get_by_label("E-mail").fill(email)
        self.button("Send code").click()
        self.code.fill(code_to(kibitz, email))

    def look(self, name: str) -> None:
        if folder := os.environ.get("PICTURES"):
            self.seen.page.screenshot(path=Path(folder) / f"ways-{name}.png", full_page=True)


def joined_by_passkey(seen: Comments, name: str) -> None:
    """A stranger creates one, and is a member."""
    with seen.page.context.expect_page() as opening:
        opened(seen).button("Passkey").click()
    opening.value.get_by_label("Your name").fill(name)
    created(opening.value)
    expect(account(seen)).to_be_visible()


def created(window: Tab) -> list[dict[str, object]]:
    """The passkey that is created in this window, which closes by itself."""
    device = Device(window)
    kept: list[dict[str, object]] = []

    def keep(route: Route) -> None:
        kept.extend(device.passkeys())
        route.continue_()

    window.route("**/auth/passkey/**", keep)
    with window.expect_event("close"):
        window.get_by_role("button", name="Create a passkey").click()
    assert len(kept) == 1
    return kept
