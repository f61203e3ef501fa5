"""Apple's answer is a form that its page posts to us: it comes without the cookie of the window's session."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Request, expect
from playwright.sync_api import Page as Tab

from tests.e2e.host_site import HostSite
from tests.e2e.readers import Readers, kept_in
from tests.e2e.screens import Comments
from tests.identity_provider import apple_provider
from tests.secure.conftest import PageOn, Secure
from tests.secure.frames import opened, stays_until_one_signs_out

pytestmark = pytest.mark.one_database

ORCHARD = "orchard"
SET_UP = """
from allauth.socialaccount.models import SocialApp
from comments.models import SiteSignIn
from comments.sites.services import create_site

SocialApp.objects.create(
    provider="apple", name="Apple", client_id="org.example.kibitz", secret="KEY", key="TEAM",
    settings={{"certificate_key": {key!r}}},
)
site = create_site({site!r}, origins=[{origin!r}], is_unlimited=True)
site.guests_may_post = False
site.save()
SiteSignIn.objects.create(site=site, providers=["apple"])
"""


@pytest.fixture(scope="module", autouse=True)
def apple(secure: Secure, sites: dict[str, HostSite]) -> Iterator[None]:
    with apple_provider(secure.apple_port, secure.tls, f"{secure.url}/auth/apple/callback/"):
        key = Path(secure.tls.key).read_text()
        script = SET_UP.format(key=key, site=ORCHARD, origin=sites["blog.test"].origin)
        secure.run.shell(script)
        yield


@pytest.fixture
def stranger(readers: Readers, secure: Secure) -> Comments:
    """Somebody to whom Apple is at the other end of the proxy."""
    proxy = {"server": f"http://127.0.0.1:{secure.apple_port}", "bypass": "*.test"}
    return Comments(readers.tab(proxy=proxy))


def window_of(stranger: Comments) -> Tab:
    """At Apple's page, after Post was pressed."""
    stranger.composer.post("By way of Apple.")
    with stranger.page.context.expect_page() as opening:
        panel(stranger).get_by_role("button", name="Apple").click()
    window = opening.value
    window.locator("input[name=login]").wait_for()
    assert window.url.startswith("https://appleid.apple.com/interaction/")
    return window


def panel(stranger: Comments) -> Locator:
    return stranger.frame.get_by_role("form", name="Sign in")


def test_what_apples_page_posts_signs_in(stranger: Comments, page_on: PageOn) -> None:
    page = page_on(site=ORCHARD)
    stranger.open(page.url)
    window = window_of(stranger)
    window.locator("input[name=login]").fill("ann")
    window.get_by_role("button", name="Continue").click()

    expect(stranger.with_body("By way of Apple.").name).to_have_text("Ann Appleseed")
    assert window.is_closed()
    stays_until_one_signs_out(lambda: opened(stranger.page, page), "Ann Appleseed", has_cookies=True)


def test_who_cancels_at_apple_is_told_so_and_may_try_again(stranger: Comments, page_on: PageOn) -> None:
    stranger.open(page_on(site=ORCHARD).url)

    window = window_of(stranger)
    asked: list[Request] = []
    window.on("request", kept_in(asked))
    window.get_by_role("button", name="Cancel").click()

    expect(window.locator("main")).to_contain_text("Apple did not sign you in")
    back = [request for request in asked if "/auth/apple/" in request.url]
    assert [request.method for request in back] == ["POST", "GET"]
    assert ["sessionid=" in request.all_headers().get("cookie", "") for request in back] == [False, True]
    window.get_by_role("link", name="Try again").click()
    window.locator("input[name=login]").wait_for()
