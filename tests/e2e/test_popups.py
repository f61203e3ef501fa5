"""Signing in by the popup, in a real browser with storage apart for each site."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Frame, Route, expect
from playwright.sync_api import Page as Tab

from tests.cast import Page
from tests.e2e.device import Device
from tests.e2e.host_site import HostSite
from tests.e2e.popups import opened, taken
from tests.e2e.readers import Readers
from tests.e2e.visitors import Visitor
from tests.identity_provider import CLIENT_ID, CLIENT_SECRET, identity_provider
from tests.running import Run

pytestmark = pytest.mark.one_database

SET_UP = """
from allauth.socialaccount.models import SocialApp
from comments.signin.models import SiteSignIn
from comments.sites.models import Site

for id_, address in {providers!r}.items():
    SocialApp.objects.create(
        provider="openid_connect", provider_id=id_, name="The provider", client_id={client!r},
        secret={secret!r}, settings={{"server_url": address}},
    )
site = Site.objects.get(key={site!r})
SiteSignIn.objects.update_or_create(site=site, defaults={{"providers": list({providers!r})}})
"""


@pytest.fixture
def local(kibitz: Run, host: HostSite, request: pytest.FixtureRequest) -> Page:
    """Kibitz by a name, for a passkey is never an address's; and a page elsewhere."""
    return host.page(f"popup-{request.node.name}", f"http://localhost:{kibitz.port}")


@pytest.fixture(scope="module", autouse=True)
def providers(kibitz: Run, host: HostSite) -> Iterator[None]:
    """`idp`, and `cut`, whose page parts the popup from its opener."""
    uris = [f"http://localhost:{kibitz.port}/auth/{id_}/callback/" for id_ in ("idp", "cut")]
    with identity_provider(uris[0]) as address, identity_provider(uris[1], cuts_off=True) as cutting:
        script = SET_UP.format(
            providers={"idp": address, "cut": cutting},
            client=CLIENT_ID,
            secret=CLIENT_SECRET,
            site=host.site,
        )
        kibitz.shell(script)
        yield


def frame_on(tab: Tab, page: Page) -> Frame:
    tab.goto(page.url)
    expect(tab.frame_locator("iframe").locator("textarea").first).to_be_visible()
    return next(frame for frame in tab.frames if "/embed/" in frame.url)


def test_a_provider_signs_the_frame_in_and_the_popup_closes(local: Page, readers: Readers) -> None:
    tab = readers.tab()
    frame = frame_on(tab, local)

    popup = opened(tab, frame, "idp", local.site)
    popup.locator("input[name=login]").fill("ann")
    with popup.expect_event("close"):
        popup.get_by_role("button", name="Sign in").click()
    said = taken(frame, local.site)

    assert said["status"] == 200, said
    assert said["answer"]["author"]["name"] == "Ann Example"
    assert said["after"]["author"]["name"] == "Ann Example"  # the cookie came back, in its partition
    assert "__Host-kibitz" not in frame.evaluate("document.cookie")


def test_where_the_provider_cuts_the_popup_off_its_digits_are_typed(local: Page, readers: Readers) -> None:
    tab = readers.tab()
    frame = frame_on(tab, local)

    popup = opened(tab, frame, "cut", local.site)
    popup.locator("input[name=login]").fill("bea")
    popup.get_by_role("button", name="Sign in").click()
    digits = popup.locator(".digits")
    expect(digits).to_be_visible()
    expect(popup.get_by_text("Give them to nobody")).to_be_visible()
    assert popup.evaluate("[window.opener, location.search]") == [None, ""]
    said = taken(frame, local.site, digits.inner_text())

    assert (said["status"], said["after"]["author"]["name"]) == (200, "Bea Example")


def test_a_passkey_is_created_in_the_popup(local: Page, readers: Readers) -> None:
    tab = readers.tab()
    frame = frame_on(tab, local)
    popup = opened(tab, frame, "passkey", local.site)
    Device(popup)
    popup.get_by_label("Your name").fill("Cleo")
    popup.get_by_role("button", name="Create a passkey").click()
    first = taken(frame, local.site)

    assert first["status"] == 200, first
    assert (first["answer"]["author"]["name"], first["answer"]["author"]["provider"]) == ("Cleo", "passkey")


def test_a_passkey_opens_in_another_browser(local: Page, readers: Readers) -> None:
    tab = readers.tab()
    frame = frame_on(tab, local)
    popup = opened(tab, frame, "passkey", local.site)
    device = Device(popup)
    kept: list[dict[str, object]] = []

    def keep(route: Route) -> None:
        kept.extend(device.passkeys())
        route.continue_()

    popup.route("**/auth/passkey/**", keep)
    popup.get_by_label("Your name").fill("Dora")
    popup.get_by_role("button", name="Create a passkey").click()
    first = taken(frame, local.site)
    assert len(kept) == 1

    other = readers.tab()
    elsewhere = frame_on(other, local)
    popup = opened(other, elsewhere, "passkey", local.site)
    Device(popup, *kept)
    popup.get_by_role("button", name="Use a passkey").click()
    again = taken(elsewhere, local.site)

    assert again["status"] == 200, again
    assert again["answer"]["author"]["key"] == first["answer"]["author"]["key"]


def test_a_passkey_that_is_not_known_here_is_said_to_be(local: Page, readers: Readers) -> None:
    tab = readers.tab()
    popup = opened(tab, frame_on(tab, local), "passkey", local.site)
    Device(popup)

    popup.get_by_role("button", name="Use a passkey").click()

    expect(popup.get_by_role("alert")).to_have_text("No passkey was used. Try again.")


def test_a_link_elsewhere_opens_no_popup_of_ours(local: Page, readers: Readers) -> None:
    tab = readers.tab()
    tab.goto(local.url)
    kibitz = tab.locator("iframe").first.get_attribute("src") or ""
    origin = "/".join(kibitz.split("/")[:3])
    with tab.context.expect_page() as popup:
        tab.evaluate("(to) => { open(to); }", f"{origin}/auth/idp/?site={local.site}&challenge={'c' * 43}")

    expect(popup.value.get_by_role("alert")).to_contain_text("Nobody was signed in")


def test_a_comments_link_opens_no_popup_either(kibitz: Run, local: Page, readers: Readers) -> None:
    """It is in a page of ours. Whose challenge it names would ask its reader for the digits."""
    origin = f"http://localhost:{kibitz.port}"
    mallory = Visitor("mallory", local, origin)
    mallory.posted(f"[A prize]({origin}/auth/passkey/?site={local.site}&challenge={'c' * 43})")
    mallory.leave()
    tab = readers.tab()
    frame = frame_on(tab, local)

    with tab.context.expect_page() as popup:
        frame.get_by_role("link", name="A prize").click()

    expect(popup.value.get_by_role("alert")).to_contain_text("Nobody was signed in")
