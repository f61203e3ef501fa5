"""Kibitz behind its own front, over https, sites of other owners on domains of their own, and browsers that
keep the cookies of one domain apart from another's."""

import contextlib
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, expect, sync_playwright

from comments.events.redis_clients import command_client
from comments.supervision.nginx import Tls
from comments.supervision.state import RunDir
from loadtest.chromium import CHROMIUM, SWITCHES
from tests.cast import Page
from tests.certificates import issue, tls_files
from tests.e2e.firefox import Firefox, launched
from tests.e2e.host_site import HostSite
from tests.e2e.readers import Readers
from tests.e2e.screens import SOON_MILLISECONDS
from tests.e2e.site_with_accounts import introduce, site_with_accounts
from tests.identity_provider import CLIENT_ID, CLIENT_SECRET, identity_provider
from tests.nginx.instances import running_front
from tests.running import Run, started
from tests.servers import unused_port, wait_until
from tests.smtp import MailServer, mail_server

SITE: Final = "blog"
CLUB: Final = "club"
COOKIE: Final = "__Host-kibitz-blog"
KIBITZ: Final = "comments.test"
# Each is a registrable domain of its own, as no ending of theirs is on the public suffix list.
UNION: Final = "union"
UNION_HOST: Final = "union.test"
HOSTS: Final = (KIBITZ, "blog.test", "shop.test", "evil.test", UNION_HOST)
CREATE_SITES: Final = f"""
from comments.sites.services import create_site
create_site({SITE!r}, origins={{origins}}, name="The blog", is_unlimited=True)
club = create_site({CLUB!r}, origins={{origins}}, name="The club", is_unlimited=True)
club.guests_may_post = False
club.save()
"""
PROVIDER: Final = "The provider"
SET_UP_PROVIDER: Final = """
from allauth.socialaccount.models import SocialApp
from comments.signin.models import SiteSignIn
from comments.sites.models import Site

SocialApp.objects.create(
    provider="openid_connect", provider_id="idp", name={name!r}, client_id={client!r}, secret={secret!r},
    settings={{"server_url": {address!r}}},
)
SiteSignIn.objects.update_or_create(site=Site.objects.get(key={site!r}), defaults={{"providers": ["idp"]}})
"""


@dataclass(frozen=True, slots=True)
class Secure:
    """Kibitz by https, behind two fronts at one address, between which browsers' own resolvers choose."""

    run: Run
    url: str
    older_port: int  # of the front whose cookies are of no use to a frame
    apple_port: int  # of the only way to Apple (tests/secure/test_apple.py)
    fingerprint: str  # of the one certificate that all hosts have
    tls: Tls
    mail: MailServer

    def code_to(self, address: str) -> str:
        """The digits in the last mail that went there."""
        wait_until(
            lambda: address in self._mailed(), seconds=15, message=lambda: f"a mail, not {self._mailed()}"
        )
        found = re.search(r"\b\d{3} ?\d{3}\b", self._mailed()[address])
        assert found is not None
        return found[0]

    def _mailed(self) -> dict[str, str]:
        return {each.recipients[0]: each.part("plain") for each in list(self.mail.arrived)}

    def age_sessions(self, *, minutes: int) -> None:
        """As if so much time had gone by since their tokens were renewed."""
        with contextlib.closing(
            sqlite3.connect(self.run.state_dir / "kibitz.sqlite3", timeout=20)
        ) as database:
            database.execute(
                "UPDATE comments_session SET renewed = strftime('%Y-%m-%d %H:%M:%f', renewed, ?)",
                [f"-{minutes} minutes"],
            )
            database.commit()


@pytest.fixture(scope="package")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    state_dir = tmp_path_factory.mktemp("secure") / "state"
    port, older_port, apple_port = (unused_port() for _ in range(3))
    with tls_files() as tls, mail_server() as mail:
        fingerprint = issue(tls, names=(*HOSTS, "appleid.apple.com"))
        with started(
            state_dir,
            KIBITZ_DEMO_DATA="/nonexistent",
            KIBITZ_BEHIND_PROXY="1",
            KIBITZ_PUBLIC_URL=f"https://{KIBITZ}:{port}",
            KIBITZ_SMTP_URL=f"smtp://127.0.0.1:{mail.port}",
            KIBITZ_MAIL_FROM=f"mail@{KIBITZ}",
            DJANGO_SETTINGS_MODULE="tests.secure.settings",
            HTTPS_PROXY=f"http://127.0.0.1:{apple_port}",
            REQUESTS_CA_BUNDLE=tls.certificate,
        ) as run:
            api = f"127.0.0.1:{run.port}"
            with (
                running_front(port=port, api=api, live=(api,), tls=tls, workers=1),
                running_front(_no_frames_cookie, port=older_port, api=api, live=(api,), tls=tls, workers=1),
            ):
                yield Secure(run, f"https://{KIBITZ}:{port}", older_port, apple_port, fingerprint, tls, mail)


def _no_frames_cookie(config: str) -> str:
    """The front's configuration, which says of a session's cookie that it is for no frame: browsers drop it
    there, as those that know of no `Partitioned` do, and keep what a window of Kibitz's own is given."""
    changed = config.replace(
        "proxy_http_version 1.1;",
        "proxy_http_version 1.1;\nproxy_cookie_flags ~^__Host-kibitz samesite=lax;",
    )
    assert changed != config
    return changed


@pytest.fixture(autouse=True)
def no_rates(secure: Secure) -> None:
    """Nobody is held to a limit for what other tests did: they all come from one address."""
    with command_client(RunDir(secure.run.state_dir).environment()["REDIS_URL"]) as queue:
        for key in queue.scan_iter("kibitz:rate*"):
            queue.delete(key)


def switches(secure: Secure, *, rule: str = "") -> list[str]:
    """Chromium's; a rule for its resolver goes before those that all have."""
    return [
        *SWITCHES,
        f"--host-resolver-rules={rule}MAP *.test 127.0.0.1",
        # The certificate counts as any authority's would: an error that is passed over takes from a page what
        # browsers give to secure ones alone.
        f"--ignore-certificate-errors-spki-list={secure.fingerprint}",
        # The last one wins: Playwright's also names ThirdPartyStoragePartitioning (tests/e2e/conftest.py).
        "--disable-features=HttpsUpgrades,MediaRouter,OptimizationHints,PaintHolding",
    ]


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """It ends with this package, as in tests/e2e."""
    expect.set_options(timeout=SOON_MILLISECONDS)
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="package")
def browser(secure: Secure, playwright: Playwright) -> Iterator[Browser]:
    """Chromium. Each of its contexts is a private window, where third parties' cookies are refused."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=switches(secure))
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def older_browser(secure: Secure, playwright: Playwright) -> Iterator[Browser]:
    """To it no session's cookie comes back in a frame, and storage there is kept: Safari before 18.4."""
    rule = f"MAP {secure.url.removeprefix('https://')} 127.0.0.1:{secure.older_port},"
    arguments = switches(secure, rule=rule)
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
    yield browser
    browser.close()


@pytest.fixture(params=[True, False], ids=["cookie", "token"])
def has_cookies(request: pytest.FixtureRequest) -> bool:
    """Whether the browsers of `either` give the session's cookie back."""
    return bool(request.param)


@pytest.fixture
def either(has_cookies: bool, browser: Browser, older_browser: Browser) -> Iterator[Readers]:
    yield from _readers(browser if has_cookies else older_browser)


@pytest.fixture
def readers(browser: Browser) -> Iterator[Readers]:
    yield from _readers(browser)


@pytest.fixture
def older_readers(older_browser: Browser) -> Iterator[Readers]:
    yield from _readers(older_browser)


def _readers(browser: Browser) -> Iterator[Readers]:
    readers = Readers(browser)
    yield readers
    readers.leave()
    assert readers.page_errors == []


@pytest.fixture
def refusing(secure: Secure, playwright: Playwright, tmp_path: Path) -> Iterator[BrowserContext]:
    """A browser that was told to keep nothing of Kibitz's."""
    profile = tmp_path / "Default"
    profile.mkdir()
    pattern = f"https://[*.]{KIBITZ},*"
    block = {"profile": {"content_settings": {"exceptions": {"cookies": {pattern: {"setting": 2}}}}}}
    (profile / "Preferences").write_text(json.dumps(block))
    context = playwright.chromium.launch_persistent_context(
        tmp_path, executable_path=CHROMIUM, args=switches(secure)
    )
    yield context
    context.close()


@pytest.fixture(scope="package")
def running_firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    with launched(tmp_path_factory.mktemp("firefox"), hosts=HOSTS) as browser, browser.device():
        yield browser


@pytest.fixture
def firefox(running_firefox: Firefox) -> Firefox:
    """As nobody has used it before."""
    running_firefox.renew()
    return running_firefox


@pytest.fixture(scope="package")
def sites(secure: Secure) -> Iterator[dict[str, HostSite]]:
    """Other people's web servers, by their hosts. The sites are on blog.test and shop.test; one server is on
    Kibitz's own host, at another port."""
    served = {host: HostSite(SITE, "127.0.0.1", host=host, tls=secure.tls) for host in HOSTS}
    origins = [served[host].origin for host in ("blog.test", "shop.test")]
    secure.run.shell(CREATE_SITES.format(origins=origins))
    yield served
    for site in served.values():
        site.close()


@pytest.fixture(scope="package")
def provider(secure: Secure, sites: dict[str, HostSite]) -> Iterator[str]:
    """The name of one that the site `club` offers, at whose page anybody is who they say."""
    with identity_provider(f"{secure.url}/auth/idp/callback/") as address:
        told = {"name": PROVIDER, "client": CLIENT_ID, "secret": CLIENT_SECRET, "address": address}
        secure.run.shell(SET_UP_PROVIDER.format(site=CLUB, **told))
        yield PROVIDER


@pytest.fixture(scope="package")
def union(secure: Secure, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The origin of a site with accounts of its own."""
    https = UNION_HOST, secure.tls.certificate, secure.tls.key
    directory = tmp_path_factory.mktemp(UNION)
    with site_with_accounts("127.0.0.1", directory, secure.url, UNION, *https) as origin:
        introduce(secure.run, UNION, [origin])
        yield origin


PageOn = Callable[..., Page]


@pytest.fixture
def page_on(request: pytest.FixtureRequest, secure: Secure, sites: dict[str, HostSite]) -> PageOn:
    """`page_on(host, more=…, site=…)`: this test's own article there, with its comments."""
    name = str(request.node.name).removeprefix("test_").replace("[", "-").rstrip("]").replace(" ", "-")

    def make(host: str = "blog.test", more: str = "", site: str = SITE) -> Page:
        snippet = (
            f'<script async src="{secure.url}/embed.js"></script>'
            f'<kibitz-comments site="{site}" page-id="{name}" loading="eager" {more}></kibitz-comments>'
        )
        return replace(sites[host].pasted(name, snippet), site=site)

    return make


@pytest.fixture
def page(page_on: PageOn) -> Page:
    return page_on()
