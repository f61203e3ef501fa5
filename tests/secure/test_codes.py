"""Signing in by a code that comes by e-mail, through a real mail server, in the frame of a page elsewhere."""

import time
from typing import Final

import pytest
from playwright.sync_api import expect

from tests.cast import API
from tests.e2e.readers import Readers
from tests.e2e.screens import Comments
from tests.secure.conftest import CLUB, PageOn, Secure
from tests.secure.frames import opened, stays_until_one_signs_out

pytestmark = pytest.mark.one_database

PRESSES: Final = """
  window.presses = 0;
  document.addEventListener("pointerdown", () => window.presses++, true);
"""
WHOLE_WAY_SECONDS: Final = 10.0  # it took 1.5; these are for a machine that runs other tests beside it


def test_a_code_signs_in_until_one_signs_out(
    either: Readers, page_on: PageOn, secure: Secure, has_cookies: bool
) -> None:
    page = page_on()
    address = f"carla-{has_cookies}@example.org".lower()
    codes = f"{API}sites/{page.site}/codes/"
    tab = either.tab()
    frame = opened(tab, page)

    asked = frame.call("POST", codes, {"email": address, "name": "Carla"})
    assert asked.status == 202, asked
    typed = {"code": secure.code_to(address)}
    frame.followed(frame.call("POST", f"{codes}{asked.data['id']}/", typed))

    stays_until_one_signs_out(lambda: opened(tab, page), "Carla", has_cookies=has_cookies)


def test_a_stranger_presses_post_and_is_read_by_others(
    either: Readers, page_on: PageOn, secure: Secure, has_cookies: bool
) -> None:
    """The whole way of who was never here, on a site for members. The printed line is the measure."""
    page = page_on(site=CLUB)
    address = f"nora-{has_cookies}@example.org".lower()
    reader = Comments(either.tab()).open(page.url)
    stranger = Comments(either.tab())
    stranger.page.goto(page.url)
    panel = stranger.frame.get_by_role("form", name="Sign in")
    stranger.composer.body.fill("My first words.")
    stranger.document.evaluate(f"() => {{ {PRESSES} }}")

    began = time.monotonic()
    stranger.composer.submit()
    panel.get_by_label("E-mail").fill(address)
    panel.get_by_label("Name").fill("Nora")
    panel.get_by_role("button", name="Send code").click()
    code = secure.code_to(address)
    mail_seconds = time.monotonic() - began
    panel.get_by_label("Six-digit code").fill(code)
    reader.pill.wait_for()
    seconds = time.monotonic() - began
    presses = stranger.document.evaluate("presses")

    print(f"{presses} clicks with Post's; live {seconds:.2f} s after that (the mail: {mail_seconds:.2f} s)")
    assert presses == 2
    assert seconds < WHOLE_WAY_SECONDS
    reader.reveal()
    expect(reader.with_body("My first words.").name).to_have_text("Nora")

    stays_until_one_signs_out(lambda: opened(stranger.page, page), "Nora", has_cookies=has_cookies)
