"""Readers, each with a browser of their own."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from playwright.sync_api import Browser, BrowserContext
from playwright.sync_api import Page as Tab

from tests.e2e.screens import SOON_MILLISECONDS, Comments

Told = TypeVar("Told")

WITNESS: Final = """
  window.violations = [];
  addEventListener("securitypolicyviolation", (event) =>
    violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
  window.alert = () => { window.isPwned = true; };
"""


class Readers:
    """People with browsers of their own, who notice whatever goes wrong in them."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.page_errors: list[str] = []

    def tab(self, **options: Any) -> Tab:
        context = self._browser.new_context(**{"viewport": {"width": 1200, "height": 900}, **options})
        context.set_default_timeout(SOON_MILLISECONDS)
        context.add_init_script(WITNESS)
        self._contexts.append(context)
        tab = context.new_page()
        tab.on("pageerror", lambda error: self.page_errors.append(str(error)))
        return tab

    def comments(self, **options: Any) -> Comments:
        return Comments(self.tab(**options))

    def leave(self) -> None:
        for context in self._contexts:
            context.close()


def kept_in(box: list[Told]) -> Callable[[Told], None]:
    """A handler that only keeps what it is told."""

    def keep(told: Told) -> None:
        box.append(told)

    return keep
