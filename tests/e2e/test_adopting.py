"""The first page comes with the iframe's document, and the app goes on with what stands there."""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Frame, Route, expect
from playwright.sync_api import Page as Tab

from tests.cast import Page
from tests.e2e.readers import Readers
from tests.e2e.visitors import Visitor
from tests.running import Run

pytestmark = pytest.mark.one_database

HEALED_MILLISECONDS: Final = 30_000

# What is seen of an article, but how long ago it was: browsers have words like "now" for that.
ARTICLES: Final = """() => [...document.querySelectorAll("article")].map((article) => ({
  place: article.parentElement.className + article.parentElement.children.length,
  parts: [article, ...article.querySelectorAll("*:not([hidden], [hidden] *, time)")].map((element) => ({
    tag: element.localName,
    classes: element.className,
    leadsTo: element.href,
    texts: [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data),
    colour: getComputedStyle(element).getPropertyValue("--hue"),
    depth: getComputedStyle(element).getPropertyValue("--depth"),
  })),
}))"""
MARK: Final = "() => document.querySelectorAll('article').forEach((article) => { article.isServed = true; })"


def address(page: Page, kibitz: Run) -> str:
    return f"{kibitz.url}/embed/{page.site}/?{urlencode({'url': page.url, 'page_id': page.page_id})}"


def is_live(tab: Tab | Frame) -> None:
    expect(tab.locator(".state")).to_have_text("Live")


def before_the_app(tab: Tab, act: Callable[[], object]) -> None:
    """Acts when the whole document is there and nothing of the app is."""

    def hold(route: Route) -> None:
        tab.wait_for_selector("script[src]", state="attached")  # the last of the document
        act()
        route.continue_()

    tab.route("**/embed/app.*.js", hold)


@pytest.fixture
def thread(alice: Visitor, bob: Visitor) -> list[int]:
    """One of everything that a stranger can see."""
    first = alice.posted("**Bold**, `code`,\n\n```\n<b> & </b>\n```\n\n1. one\n2. two\n\n> quoted & 'so'")
    replies = [first]
    for step in range(8):
        replies.append((bob, alice)[step % 2].posted(f"Reply {step}.", parent=replies[-1]))
    stub = alice.posted("To be deleted.", parent=first)
    bob.posted("Under it.", parent=stub)
    alice.delete(stub)
    alice.edit(alice.posted("Before."), "After: https://example.org/?a=1&b=2")
    bob.vote(first, 1)
    crowded = bob.posted("\U0001f600 Many answers.")
    for step in range(11):
        alice.posted(f"Answer {step}.", parent=crowded)
    return replies


def test_what_is_served_is_what_the_app_shows(
    page: Page, thread: list[int], kibitz: Run, browser: Browser
) -> None:
    plain, running = browser.new_context(java_script_enabled=False), browser.new_context()
    still, adopted = plain.new_page(), running.new_page()
    still.goto(address(page, kibitz))
    adopted.goto(address(page, kibitz))
    is_live(adopted)

    served, taken = (tab.evaluate(ARTICLES) for tab in (still, adopted))

    assert len(taken) == 23
    assert [part for article in served for part in article["parts"]] == [
        part for article in taken for part in article["parts"]
    ]
    assert [article["place"] for article in served] == [article["place"] for article in taken]
    plain.close()
    running.close()


def test_the_app_needs_no_other_request_and_keeps_the_elements(
    page: Page, thread: list[int], kibitz: Run, browser: Browser
) -> None:
    context = browser.new_context()
    tab = context.new_page()
    paths: list[str] = []
    tab.on("request", lambda request: paths.append(request.url.removeprefix(kibitz.url).partition("?")[0]))
    before_the_app(tab, lambda: tab.evaluate(MARK))
    tab.goto(address(page, kibitz))
    is_live(tab)

    kept = tab.evaluate("() => [...document.querySelectorAll('article')].every(({ isServed }) => isServed)")

    assert kept
    assert [path for path in paths if path.endswith(f"/threads/{page.key}/")] == []
    assert [re.sub(r"\.\w+\.js", ".js", path) for path in paths[:3]] == [
        "/embed/blog/",
        "/embed/app.js",
        "/embed/live.js",
    ]
    context.close()


def test_what_the_app_took_lives_on(
    page: Page, thread: list[int], readers: Readers, alice: Visitor, bob: Visitor
) -> None:
    seen = readers.comments().open(page.url)

    reply = bob.posted("A live reply.", parent=thread[0])
    alice.edit(thread[0], "Edited live.")

    expect(seen.by_id(reply).body).to_have_text("A live reply.")
    expect(seen.by_id(thread[0]).body).to_have_text("Edited live.")
    expect(seen.by_id(thread[0]).edited).to_be_visible()


def test_what_is_typed_before_the_app_runs_is_kept(page: Page, kibitz: Run, browser: Browser) -> None:
    context = browser.new_context()
    tab = context.new_page()
    before_the_app(tab, lambda: tab.locator("textarea").press_sequentially("Early words"))
    tab.goto(address(page, kibitz))

    tab.get_by_label("Name").fill("dora")  # the form's tools came without another touch
    expect(tab.locator("textarea")).to_have_value("Early words")
    tab.get_by_role("button", name="Post").click()

    expect(tab.locator("article .body")).to_have_text(["Early words"])
    context.close()


def test_a_live_line_that_could_not_be_loaded_is_asked_for_again(
    page: Page, kibitz: Run, browser: Browser, alice: Visitor
) -> None:
    context = browser.new_context()
    tab = context.new_page()
    tab.route(re.compile(r"/embed/live\.\w+\.js$"), lambda route: route.abort())
    tab.goto(address(page, kibitz))
    expect(tab.locator(".state")).to_have_text("Offline")
    alice.posted("Meanwhile.")

    expect(tab.locator(".state")).to_have_text("Live", timeout=HEALED_MILLISECONDS)
    expect(tab.locator(".pill")).to_have_text("1 new comment")
    context.close()


def test_nothing_moves_when_the_app_takes_over(
    page: Page, thread: list[int], kibitz: Run, browser: Browser
) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 800})
    tab = context.new_page()
    places: list[float] = []
    place = "() => document.querySelector('article').getBoundingClientRect().top"
    before_the_app(tab, lambda: places.append(tab.evaluate(place)))
    tab.goto(address(page, kibitz))
    is_live(tab)

    places.append(tab.evaluate(place))

    assert places[1] == pytest.approx(places[0], abs=1)
    context.close()


def test_without_javascript_the_frame_can_be_read_and_leads_on(
    page: Page, thread: list[int], kibitz: Run, browser: Browser
) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(address(page, kibitz))

    expect(tab.locator("article .body").first).to_be_visible()
    expect(tab.locator("form")).to_be_hidden()
    assert tab.locator("noscript a").get_attribute("href") == f"{kibitz.url}/t/{page.site}/{page.key}/"
    context.close()
