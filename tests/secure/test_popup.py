"""Signing in in a window: what it proves there is the frame's, in the frame's own partition."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.device import Device
from tests.e2e.host_site import HostSite
from tests.e2e.readers import Readers
from tests.e2e.screens import Comments
from tests.identity_provider import CLIENT_ID, CLIENT_SECRET, identity_provider
from tests.secure.conftest import CLUB, COOKIE, PageOn, Secure
from tests.secure.frames import MemberFrame, opened

pytestmark = pytest.mark.one_database

PROVIDER = "The provider"
SET_UP = """
from allauth.socialaccount.models import SocialApp
from comments.signin.models import SiteSignIn
from comments.sites.models import Site

SocialApp.objects.create(
    provider="openid_connect", provider_id="idp", name={name!r}, client_id={client!r}, secret={secret!r},
    settings={{"server_url": {address!r}}},
)
SiteSignIn.objects.update_or_create(site=Site.objects.get(key={site!r}), defaults={{"providers": ["idp"]}})
"""


@pytest.fixture(scope="module", autouse=True)
def provider(secure: Secure, sites: dict[str, HostSite]) -> Iterator[None]:
    with identity_provider(f"{secure.url}/auth/idp/callback/") as address:
        script = SET_UP.format(
            name=PROVIDER, client=CLIENT_ID, secret=CLIENT_SECRET, address=address, site=CLUB
        )
        secure.run.manage("shell", "--verbosity", "0", "-c", script)
        yield


@pytest.mark.parametrize("way", [PROVIDER, "Passkey"])
def test_a_window_signs_its_frame_in_until_one_signs_out(
    readers: Readers, page_on: PageOn, secure: Secure, way: str
) -> None:
    page = page_on(site=CLUB)
    reader = Comments(readers.tab()).open(page.url)
    stranger = Comments(readers.tab()).open(page.url)
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
    frame = opened(stranger.page, page)
    assert (frame.author(), frame.cookies()) == ("Ann Example", [COOKIE.replace("blog", CLUB)])
    stranger.page.goto(f"{secure.url}/demo/")
    assert MemberFrame(page, stranger.page.evaluate).author() is None
    frame = opened(stranger.page, page)
    frame.sign_out()
    assert opened(stranger.page, page).author() is None
