"""The form: there at once, its tools when somebody is about to write; toolbar, preview, a small screen."""

import re
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Frame, Route, expect

from tests.cast import Page
from tests.e2e.readers import Readers, kept_in
from tests.e2e.visitors import Visitor
from tests.servers import wait_until

pytestmark = pytest.mark.one_database

PHONE: Final[dict[str, Any]] = {"viewport": {"width": 320, "height": 640}, "has_touch": True}
WRITE: Final = re.compile(r"/embed/write\.")


@pytest.mark.parametrize("pointer", ["mouse", "finger"])
def test_what_is_typed_before_the_rest_of_the_form_is_there_is_kept(
    page: Page, readers: Readers, pointer: str
) -> None:
    seen = readers.comments(**PHONE) if pointer == "finger" else readers.comments()
    waiting: list[Route] = []
    seen.page.route(WRITE, kept_in(waiting))
    seen.open(page.url)

    seen.composer.body.fill("Faster than the network.")
    wait_until(lambda: bool(waiting), message="a request for write.js")
    before = seen.composer.node.bounding_box()
    waiting[0].continue_()

    expect(seen.composer.name).to_be_visible()
    expect(seen.composer.body).to_have_value("Faster than the network.")
    assert seen.composer.node.bounding_box() == before
    seen.composer.submit()
    expect(seen.with_body("Faster than the network.").node).to_be_visible()


def test_reading_loads_nothing_that_only_writers_need(page: Page, readers: Readers, alice: Visitor) -> None:
    alice.posted("Hello.")
    seen = readers.comments()
    asked: list[str] = []
    seen.page.on("request", lambda request: asked.append(request.url))

    seen.open(page.url)

    scripts = [urlsplit(url).path.split(".")[0] for url in asked if url.endswith(".js")]
    assert scripts == ["/embed", "/embed/app", "/embed/live"]


def test_who_cannot_load_the_form_is_told_and_can_try_again(page: Page, readers: Readers) -> None:
    seen = readers.comments()
    seen.page.route(WRITE, lambda route: route.abort())  # each letter asks again
    seen.open(page.url)

    seen.composer.body.fill("Not lost.")
    expect(seen.composer.error).to_contain_text("This could not be loaded.")
    seen.page.unroute(WRITE)
    seen.composer.node.get_by_role("button", name="Retry").click()

    expect(seen.composer.name).to_be_visible()
    expect(seen.composer.error).to_be_hidden()
    expect(seen.composer.body).to_have_value("Not lost.")


def test_a_tab_that_is_older_than_the_server_gets_a_new_app_and_keeps_the_draft(
    page: Page, readers: Readers
) -> None:
    seen = readers.comments()
    documents: list[Frame] = []
    seen.page.route(WRITE, lambda route: route.continue_() if documents else route.fulfill(status=404))
    seen.open(page.url)
    seen.page.on("framenavigated", kept_in(documents))
    seen.composer.body.fill("Written in an old tab.")

    seen.composer.node.get_by_role("button", name="Retry").click()

    wait_until(seen.composer.name.is_visible, message="a new app that has everything")
    assert len(documents) == 1
    expect(seen.composer.body).to_have_value("Written in an old tab.")


def test_the_toolbar_marks_the_selection_and_undo_takes_it_back(page: Page, readers: Readers) -> None:
    seen = readers.comments().open(page.url)
    body = seen.composer.body
    body.fill("strong words")
    body.evaluate("field => field.setSelectionRange(0, 6)")

    seen.composer.node.get_by_role("button", name="Bold").click()
    expect(body).to_have_value("**strong** words")
    expect(body).to_be_focused()
    body.press("Control+z")
    expect(body).to_have_value("strong words")
    body.evaluate("field => field.setSelectionRange(7, 12)")
    body.press("Control+i")

    expect(body).to_have_value("strong *words*")


def test_the_toolbar_is_one_stop_for_the_keyboard(page: Page, readers: Readers) -> None:
    seen = readers.comments().open(page.url)
    seen.composer.body.focus()
    tools = seen.composer.node.get_by_role("toolbar")
    expect(tools).to_be_visible()

    seen.composer.body.press("Shift+Tab")  # the tabs
    seen.page.keyboard.press("Shift+Tab")
    expect(tools.get_by_role("button", name="Bold")).to_be_focused()
    seen.page.keyboard.press("ArrowLeft")

    expect(tools.get_by_role("button", name="List")).to_be_focused()
    expect(tools.locator("[tabindex='0']")).to_have_count(1)


def test_the_preview_is_the_servers_own_rendering(page: Page, readers: Readers) -> None:
    seen = readers.comments().open(page.url)
    seen.composer.body.fill("Some *stress* <script>alert(1)</script>")

    seen.composer.node.get_by_role("tab", name="Preview").click()

    panel = seen.composer.node.get_by_role("tabpanel")
    expect(panel.locator("em")).to_have_text("stress")
    expect(seen.composer.body).to_be_hidden()
    seen.composer.node.get_by_role("tab", name="Write").click()
    expect(seen.composer.body).to_have_value("Some *stress* <script>alert(1)</script>")
    seen.assert_nothing_ran()


def test_the_form_fits_320_pixels_and_fingers(page: Page, readers: Readers, alice: Visitor) -> None:
    root = alice.posted("Root.")
    seen = readers.comments(**PHONE).open(page.url)

    seen.by_id(root).press("Reply")
    expect(seen.by_id(root).form.name).to_be_visible()

    assert seen.document.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    form = seen.by_id(root).form.node
    expect(form.get_by_role("button", name="Sign in")).to_be_visible()
    targets = [*form.get_by_role("button").all(), *form.get_by_role("tab").all()]
    assert len(targets) == 11
    for box in (target.bounding_box() for target in targets):
        assert box is not None
        assert min(box["width"], box["height"]) >= 44


def test_the_tools_that_find_no_room_are_a_swipe_away(page: Page, readers: Readers) -> None:
    seen = readers.comments(**PHONE).open(page.url)
    seen.composer.body.tap()
    tools = seen.composer.node.get_by_role("toolbar")
    last = tools.get_by_role("button", name="List")
    expect(tools.get_by_role("button", name="Bold")).to_be_in_viewport(ratio=1)
    expect(last).not_to_be_in_viewport()

    tools.evaluate("strip => strip.scrollBy(strip.scrollWidth, 0)")
    last.tap()

    expect(last).to_be_in_viewport(ratio=0.99)
    expect(seen.composer.body).to_have_value("- ")
    expect(seen.composer.body).to_be_focused()
