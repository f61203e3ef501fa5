"""A member sees by what they sign in, adds a passkey and a provider, and takes a way away."""

import re
from collections.abc import Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Error, expect

from tests.cast import Page
from tests.e2e.conftest import page_name
from tests.e2e.device import Device
from tests.e2e.host_site import HostSite
from tests.e2e.readers import Readers
from tests.e2e.signing_in import SignInScreen, account, code_to, mails_to, opened
from tests.e2e.ways_in import WaysScreen, created, joined_by_passkey
from tests.identity_provider import CLIENT_ID, CLIENT_SECRET, identity_provider
from tests.running import Run
from tests.servers import wait_until

pytestmark = pytest.mark.one_database

PROVIDER = "The provider"
SET_UP = """
from allauth.socialaccount.models import SocialApp
from comments.signin.models import SiteSignIn
from comments.sites.models import Site

SocialApp.objects.create(
    provider="openid_connect", provider_id="ways", name={name!r}, client_id={client!r}, secret={secret!r},
    settings={{"server_url": {address!r}}},
)
SiteSignIn.objects.create(site=Site.objects.get(key={site!r}), providers=["ways"])
"""
AGE = """
from datetime import timedelta
from django.db.models import F
from comments.models import Session

Session.objects.filter(author__email={email!r}).update(created=F("created") - timedelta(minutes=15))
"""


@pytest.fixture(scope="module")
def ways_host(kibitz: Run) -> Iterator[HostSite]:
    host = HostSite("ways", "127.0.0.7")
    kibitz.manage("create_site", host.site, "--origin", host.origin, "--unlimited")
    with identity_provider(f"http://localhost:{kibitz.port}/auth/ways/callback/") as address:
        script = SET_UP.format(
            name=PROVIDER, client=CLIENT_ID, secret=CLIENT_SECRET, address=address, site=host.site
        )
        kibitz.shell(script)
        yield host
    host.close()


@pytest.fixture
def local(request: pytest.FixtureRequest, kibitz: Run, ways_host: HostSite) -> Page:
    """Kibitz by a name, for a passkey is never an address's."""
    return ways_host.page(page_name(request), f"http://localhost:{kibitz.port}")


def test_a_member_adds_ways_in_and_comes_back_by_one(local: Page, readers: Readers, kibitz: Run) -> None:
    email = "ways-ann@example.org"
    seen = readers.comments().open(local.url)
    opened(seen).sign_in(kibitz, email, "Ann")
    expect(account(seen)).to_be_visible()
    key = seen.document.evaluate("localStorage.getItem('kibitz:ways:author')")
    screen = WaysScreen(seen).open()
    expect(screen.ways).to_have_text([re.compile(f"E-mail {re.escape(email)}")])

    passkeys = created(screen.window("Add a passkey"))
    expect(screen.ways.nth(1)).to_contain_text("Passkey since")
    window = screen.window(f"Add {PROVIDER}")
    window.locator("input[name=login]").fill("ann")
    window.get_by_role("button", name="Sign in").click()
    expect(window.get_by_text(f"{PROVIDER} knows you as ann@example.org.")).to_be_visible()
    with window.expect_event("close"), suppress(Error):  # which the click may see before it is done
        window.get_by_role("button", name="Add", exact=True).click()
    expect(screen.ways.nth(2)).to_contain_text(f"{PROVIDER} since")
    screen.look("all")
    wait_until(lambda: len(mails_to(kibitz, email)) == 3, seconds=15, message="a mail for each")
    screen.remove(screen.ways.nth(2))
    expect(screen.ways).to_have_count(2)
    expect(seen.frame.get_by_role("status")).to_have_text(f"Removed: {PROVIDER}")
    screen.button("Sign out", screen.dialog).click()
    expect(account(seen)).to_be_hidden()

    panel = opened(seen)
    with seen.page.context.expect_page() as opening:
        panel.button("Passkey").click()
    Device(opening.value, *passkeys)
    opening.value.get_by_role("button", name="Use a passkey").click()

    expect(account(seen)).to_have_text("Ann")
    assert seen.document.evaluate("localStorage.getItem('kibitz:ways:author')") == key


def test_the_last_way_is_not_taken_away(local: Page, readers: Readers) -> None:
    seen = readers.comments().open(local.url)
    joined_by_passkey(seen, "Bea")
    screen = WaysScreen(seen).open()

    screen.remove(screen.ways.first)

    expect(screen.error).to_have_text(
        "Add another way to sign in first: without this one you could not come back."
    )
    expect(screen.ways).to_have_count(1)
    expect(screen.node.get_by_role("heading")).to_be_focused()


def test_a_member_by_a_passkey_adds_an_address_and_comes_back_by_it(
    local: Page, readers: Readers, kibitz: Run
) -> None:
    seen = readers.comments().open(local.url)
    joined_by_passkey(seen, "Emma")
    key = seen.document.evaluate("localStorage.getItem('kibitz:ways:author')")
    screen = WaysScreen(seen).open()

    screen.button("Add an e-mail address").click()
    field = screen.node.get_by_label("E-mail")
    expect(field).to_be_focused()
    screen.look("email")
    field.fill("emma@ways")  # the browser takes it, we do not
    field.press("Enter")
    expect(screen.failure).to_have_text("Please enter an e-mail address.")
    field.fill("emma@ways.example.org")
    screen.button("Send code").click()
    expect(screen.code).to_be_focused()
    expect(screen.node.get_by_role("button", name="Send again")).to_be_disabled()
    code = code_to(kibitz, "emma@ways.example.org")
    screen.code.fill(f"{(int(code.replace(' ', '')) + 1) % 1_000_000:06}")
    expect(screen.failure).to_have_text("That code isn’t right. Check it and try again.")
    screen.look("code")
    screen.code.fill(code)
    expect(screen.ways).to_contain_text(["E-mail emma@ways.example.org", "Passkey since"])
    expect(screen.node.get_by_role("heading")).to_be_focused()
    expect(seen.frame.get_by_role("status")).to_have_text("Added: emma@ways.example.org")
    expect(screen.dialog.get_by_text("emma@ways.example.org · Signed in by: Passkey")).to_be_visible()
    screen.look("email-added")
    assert "add this e-mail address to their account" in mails_to(kibitz, "emma@ways.example.org")[0]
    screen.change_email(kibitz, "emma@new.example.org")
    expect(screen.ways.first).to_contain_text("emma@new.example.org")
    wait_until(
        lambda: "no longer to this one" in mails_to(kibitz, "emma@ways.example.org")[-1],
        seconds=15,
        message="a mail to the address before",
    )
    screen.button("Sign out", screen.dialog).click()
    expect(account(seen)).to_be_hidden()

    opened(seen).sign_in(kibitz, "emma@new.example.org")

    expect(account(seen)).to_have_text("Emma")
    assert seen.document.evaluate("localStorage.getItem('kibitz:ways:author')") == key


def test_who_signed_in_long_ago_does_so_again(local: Page, readers: Readers, kibitz: Run) -> None:
    email = "ways-cleo@example.org"
    seen = readers.comments().open(local.url)
    opened(seen).sign_in(kibitz, email, "Cleo")
    expect(account(seen)).to_be_visible()
    kibitz.shell(AGE.format(email=email))
    screen = WaysScreen(seen).open()
    expect(screen.button("Add a passkey")).to_have_count(0)

    screen.button("Sign in again").click()
    SignInScreen(seen).sign_in(kibitz, email)

    expect(screen.button("Add a passkey")).to_be_visible()


def test_a_window_that_is_given_up_leaves_all_as_it_was(local: Page, readers: Readers, kibitz: Run) -> None:
    seen = readers.comments().open(local.url)
    opened(seen).sign_in(kibitz, "ways-dora@example.org", "Dora")
    screen = WaysScreen(seen).open()

    window = screen.window("Add a passkey")
    expect(screen.node.get_by_text("Finish in the window that has opened.")).to_be_visible()
    window.close()
    expect(screen.node.get_by_label("Six-digit code")).to_be_focused()
    screen.button("Cancel").click()

    expect(screen.button("Add a passkey")).to_be_visible()
    expect(screen.ways).to_have_count(1)
