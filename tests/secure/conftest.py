"""Kibitz behind its own front, over https, sites of other owners on domains of their own, and browsers that
keep the cookies of one domain apart from another's."""

import contextlib
import json
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
from tests.e2e.host_site import HostSite
from tests.e2e.readers import Readers
from tests.e2e.screens import SOON_MILLISECONDS
from tests.nginx.instances import running_front
from tests.running import Run, started
from tests.servers import unused_port
from tests.smtp import MailServer, mail_server

SITE: Final = "blog"
CLUB: Final = "club"
COOKIE: Final = "__Host-kibitz-blog"
KIBITZ: Final = "comments.test"
WITHOUT_COOKIES: Final = "nocookie.test"
# Each is a registrable domain of its own, as no ending of theirs is on the public suffix list.
HOSTS: Final = (KIBITZ, WITHOUT_COOKIES, "blog.test", "shop.test", "evil.test")
CREATE_SITES: Final = f"""
from comments.sites.services import create_site
create_site({SITE!r}, origins={{origins}}, name="The blog", is_unlimited=True)
club = create_site({CLUB!r}, origins={{origins}}, name="The club", is_unlimited=True)
club.guests_may_post = False
club.save()
"""


@dataclass(frozen=True, slots=True)
class Secure:
    """Kibitz by https: the same at both addresses, but at the second one no cookie reaches the browser."""

    run: Run
    url: str
    url_without_cookies: str
    fingerprint: str  # of the one certificate that all hosts have
    tls: Tls
    mail: MailServer

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
    ports = unused_port(), unused_port()
    with tls_files() as tls, mail_server() as mail:
        fingerprint = issue(tls, names=HOSTS)
        with started(
            state_dir,
            KIBITZ_DEMO_DATA="/nonexistent",
            KIBITZ_BEHIND_PROXY="1",
            KIBITZ_PUBLIC_URL=f"https://{KIBITZ}:{ports[0]}",
            KIBITZ_SMTP_URL=f"smtp://127.0.0.1:{mail.port}",
            KIBITZ_MAIL_FROM=f"mail@{KIBITZ}",
            DJANGO_SETTINGS_MODULE="tests.secure.settings",
        ) as run:
            api = f"127.0.0.1:{run.port}"
            with (
                running_front(port=ports[0], api=api, live=(api,), tls=tls, workers=1),
                running_front(_without_cookies, port=ports[1], api=api, live=(api,), tls=tls, workers=1),
            ):
                yield Secure(
                    run,
                    f"https://{KIBITZ}:{ports[0]}",
                    f"https://{WITHOUT_COOKIES}:{ports[1]}",
                    fingerprint,
                    tls,
                    mail,
                )


def _without_cookies(config: str) -> str:
    """The front's configuration, keeping every Set-Cookie to itself: what some browsers make of them."""
    changed = config.replace(
        "proxy_http_version 1.1;", "proxy_http_version 1.1;\nproxy_hide_header Set-Cookie;"
    )
    assert changed != config
    return changed


@pytest.fixture(autouse=True)
def no_rates(secure: Secure) -> None:
    """Nobody is held to a limit for what other tests did: they all come from one address."""
    with command_client(RunDir(secure.run.state_dir).environment()["REDIS_URL"]) as queue:
        for key in queue.scan_iter("kibitz:rate*"):
            queue.delete(key)


def switches(secure: Secure) -> list[str]:
    return [
        *SWITCHES,
        "--host-resolver-rules=MAP *.test 127.0.0.1",
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


@pytest.fixture
def readers(browser: Browser) -> Iterator[Readers]:
    readers = Readers(browser)
    yield readers
    readers.leave()
    assert readers.page_errors == []


@pytest.fixture
def refusing(secure: Secure, playwright: Playwright, tmp_path: Path) -> Iterator[BrowserContext]:
    """A browser that was told to keep nothing for anybody."""
    profile = tmp_path / "Default"
    profile.mkdir()
    block = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (profile / "Preferences").write_text(json.dumps(block))
    context = playwright.chromium.launch_persistent_context(
        tmp_path, executable_path=CHROMIUM, args=switches(secure)
    )
    yield context
    context.close()


@pytest.fixture(scope="package")
def sites(secure: Secure) -> Iterator[dict[str, HostSite]]:
    """Other people's web servers, by their hosts. The sites are on blog.test and shop.test; one server is on
    Kibitz's own host, at another port."""
    hosts = [host for host in HOSTS if host != WITHOUT_COOKIES]
    served = {host: HostSite(SITE, "127.0.0.1", host=host, tls=secure.tls) for host in hosts}
    origins = [served[host].origin for host in ("blog.test", "shop.test")]
    secure.run.manage("shell", "--verbosity", "0", "-c", CREATE_SITES.format(origins=origins))
    yield served
    for site in served.values():
        site.close()


PageOn = Callable[..., Page]


@pytest.fixture
def page_on(request: pytest.FixtureRequest, secure: Secure, sites: dict[str, HostSite]) -> PageOn:
    """`page_on(host, kibitz=…, more=…, site=…)`: this test's own article there, with its comments."""
    name = str(request.node.name).removeprefix("test_").replace("[", "-").rstrip("]").replace(" ", "-")

    def make(host: str = "blog.test", kibitz: str = "", more: str = "", site: str = SITE) -> Page:
        snippet = (
            f'<script async src="{kibitz or secure.url}/embed.js"></script>'
            f'<kibitz-comments site="{site}" page-id="{name}" loading="eager" {more}></kibitz-comments>'
        )
        return replace(sites[host].pasted(name, snippet), site=site)

    return make


@pytest.fixture
def page(page_on: PageOn) -> Page:
    return page_on()
