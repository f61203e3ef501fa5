"""Signing in in a window: what it proves there is the frame's, in the frame's own partition."""

import pytest
from playwright.sync_api import expect

from tests.e2e.device import Device
from tests.e2e.readers import Readers
from tests.e2e.screens import Comments
from tests.secure.conftest import CLUB, PROVIDER, PageOn, Secure
from tests.secure.frames import MemberFrame, opened, stays_until_one_signs_out

pytestmark = pytest.mark.one_database


@pytest.mark.parametrize("way", [PROVIDER, "Passkey"])
def test_a_window_signs_its_frame_in_until_one_signs_out(
    either: Readers, has_cookies: bool, page_on: PageOn, secure: Secure, provider: str, way: str
) -> None:
    page = page_on(site=CLUB)
    reader = Comments(either.tab()).open(page.url)
    stranger = Comments(either.tab()).open(page.url)
    stranger.composer.post("By another door.")
    panel = stranger.frame.get_by_role("form", name="Sign in")

    with stranger.page.context.expect_page() as opening:
        panel.get_by_role("button", name=way).click()
    window = opening.value
    if way == PROVIDER:
        window.locator("input[name=login]").fill("ann")
        window.get_by_role("button", name="Sign in").click()
    else:
        Device(window)
        window.get_by_label("Your name").fill("Ann Example")
        window.get_by_role("button", name="Create a passkey").click()

    reader.pill.wait_for()
    reader.reveal()
    expect(reader.with_body("By another door.").name).to_have_text("Ann Example")
    assert window.is_closed()
    stranger.page.goto(f"{secure.url}/demo/")
    assert MemberFrame(page, stranger.page.evaluate).author() is None
    stays_until_one_signs_out(lambda: opened(stranger.page, page), "Ann Example", has_cookies=has_cookies)
