"""The page of a thread without JavaScript, in a browser."""

import json

import pytest
from playwright.sync_api import Browser

from tests.cast import Page
from tests.e2e.visitors import Visitor
from tests.running import Run

pytestmark = pytest.mark.one_database


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_without_javascript_fits_a_small_phone(
    scheme: str, page: Page, kibitz: Run, browser: Browser, alice: Visitor
) -> None:
    alice.posted("w" * 3_000)
    alice.posted("```\n" + "x " * 500 + "\n```")
    context = browser.new_context(
        viewport={"width": 320, "height": 640}, color_scheme="dark" if scheme == "dark" else "light"
    )
    tab = context.new_page()
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.goto(f"{kibitz.url}/t/{page.site}/{page.key}/")

    assert tab.evaluate("() => document.documentElement.scrollWidth") == 320
    background = tab.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")
    assert json.loads(tab.locator("script").inner_text())["@type"] == "DiscussionForumPosting"
    assert complaints == []
    context.close()
