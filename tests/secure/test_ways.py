"""A member adds a passkey where browsers keep the frame's cookies apart from the window's."""

import pytest
from playwright.sync_api import expect

from tests.e2e.device import Device
from tests.e2e.readers import Readers
from tests.e2e.screens import Comments
from tests.e2e.signing_in import account
from tests.e2e.signing_in import opened as opened_panel
from tests.e2e.ways_in import WaysScreen, created
from tests.secure.conftest import CLUB, COOKIE, PageOn
from tests.secure.frames import opened

pytestmark = pytest.mark.one_database


def test_a_passkey_is_added_in_a_partition_and_opens_it_again(readers: Readers, page_on: PageOn) -> None:
    page = page_on(site=CLUB)
    tab = readers.tab()
    frame = opened(tab, page)
    frame.sign_in("Ann")
    assert frame.cookies() == [COOKIE.replace("blog", CLUB)]  # and not the control
    seen = Comments(tab).open(page.url)
    screen = WaysScreen(seen).open()

    passkeys = created(screen.window("Add a passkey"))
    expect(screen.ways.nth(1)).to_contain_text("Passkey since")
    screen.button("Sign out", screen.dialog).click()
    expect(account(seen)).to_be_hidden()
    with tab.context.expect_page() as opening:
        opened_panel(seen).button("Passkey").click()
    Device(opening.value, *passkeys)
    opening.value.get_by_role("button", name="Use a passkey").click()

    expect(account(seen)).to_have_text("Ann")
    expect(account(seen)).to_be_visible()
    assert opened(tab, page).author() == "Ann"
