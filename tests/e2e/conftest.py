"""One real `./run`, a site owner's page on another origin, and browsers."""

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from comments.events.redis_clients import command_client
from comments.supervision.state import RunDir
from loadtest.chromium import CHROMIUM, SWITCHES
from tests import services
from tests.cast import Page
from tests.e2e.host_site import HostSite
from tests.e2e.moderators import Moderators, appoint
from tests.e2e.proxy import Proxy
from tests.e2e.readers import Readers
from tests.e2e.screens import SOON_MILLISECONDS
from tests.e2e.signing_in import MEMBERS, change_site
from tests.e2e.visitors import Visitor
from tests.running import Run, started
from tests.services import Service

SITE: Final = "blog"
LIMITED_SITE: Final = "limited"
STRICT_SITE: Final = "strict"
OUR_SWITCHES: Final = [
    *SWITCHES,
    # The last one wins: Playwright's own also names ThirdPartyStoragePartitioning, and without that
    # feature a frame of another site has no storage at all, as in no reader's browser.
    "--disable-features=HttpsUpgrades,MediaRouter,OptimizationHints,PaintHolding",
]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium; it ends with this package, because Playwright leaves an event loop running in the thread,
    which neither async tests nor Django's ORM can have."""
    expect.set_options(timeout=SOON_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OUR_SWITCHES)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def gravatar() -> Iterator[Service]:
    """Where the running Kibitz finds Gravatar's pictures; it has none of anybody."""
    with services.service(services.answers("", "404 Not Found")) as found:
        yield found


@pytest.fixture(scope="session")
def kibitz(tmp_path_factory: pytest.TempPathFactory, gravatar: Service) -> Iterator[Run]:
    """Everything that `./run` starts, with the demo's own threads."""
    state_dir = tmp_path_factory.mktemp("kibitz") / "state"
    with started(
        state_dir,
        KIBITZ_DEMO_DATA="/nonexistent",
        KIBITZ_EXTERNAL_MAY_BE_PRIVATE="1",
        KIBITZ_GRAVATAR_URL=gravatar.url,
    ) as run:
        yield run


@pytest.fixture(autouse=True)
def no_rates(kibitz: Run) -> None:
    """Nobody is held to a limit for what other tests posted: they all come from one address."""
    with command_client(RunDir(kibitz.state_dir).environment()["REDIS_URL"]) as queue:
        for key in queue.scan_iter("kibitz:rate*"):
            queue.delete(key)


@pytest.fixture(scope="session")
def host(kibitz: Run) -> Iterator[HostSite]:
    """The site `blog`, whose posting has no limits."""
    site = HostSite(SITE, "127.0.0.2")
    kibitz.manage("create_site", SITE, "--origin", site.origin, "--name", "The blog", "--unlimited")
    yield site
    site.close()


@pytest.fixture(scope="session")
def limited_host(kibitz: Run) -> Iterator[HostSite]:
    """The site `limited`, as `create_site` makes it."""
    site = HostSite(LIMITED_SITE, "127.0.0.3")
    kibitz.manage("create_site", LIMITED_SITE, "--origin", site.origin)
    yield site
    site.close()


@pytest.fixture(scope="session")
def strict_host(kibitz: Run) -> Iterator[HostSite]:
    """The site `strict`, which approves first, with the moderators morgan and maxine."""
    site = HostSite(STRICT_SITE, "127.0.0.4")
    kibitz.manage("create_site", STRICT_SITE, "--origin", site.origin, "--name", "The strict site")
    appoint(kibitz, STRICT_SITE, "morgan", "maxine")
    yield site
    site.close()


@pytest.fixture(scope="session")
def members_host(kibitz: Run) -> Iterator[HostSite]:
    """The site `members`, where only members may write."""
    site = HostSite(MEMBERS, "127.0.0.5")
    kibitz.manage("create_site", MEMBERS, "--origin", site.origin, "--name", "The club", "--unlimited")
    change_site(kibitz, MEMBERS, guests_may_post=False)
    yield site
    site.close()


@pytest.fixture
def club(request: pytest.FixtureRequest, members_host: HostSite, kibitz: Run) -> Page:
    """An article of that site."""
    return members_host.page(page_name(request), kibitz.url)


@pytest.fixture
def moderators(readers: Readers, kibitz: Run) -> Moderators:
    return Moderators(readers, kibitz)


@pytest.fixture
def readers(browser: Browser) -> Iterator[Readers]:
    readers = Readers(browser)
    yield readers
    readers.leave()
    assert readers.page_errors == []


@pytest.fixture
def proxy(kibitz: Run) -> Iterator[Proxy]:
    """The network between the browser and Kibitz."""
    proxy = Proxy(kibitz.port)
    yield proxy
    proxy.close()


@pytest.fixture
def page(request: pytest.FixtureRequest, host: HostSite, kibitz: Run) -> Page:
    """An article with a thread of this test's own."""
    return host.page(page_name(request), kibitz.url)


@pytest.fixture
def far_page(request: pytest.FixtureRequest, host: HostSite, proxy: Proxy) -> Page:
    """The same, where the browser reaches Kibitz through the proxy."""
    return host.page(page_name(request), proxy.url)


def page_name(request: pytest.FixtureRequest) -> str:
    return str(request.node.name).removeprefix("test_").replace("[", "-").rstrip("]").replace(" ", "-")


def _visitor(name: str, request: pytest.FixtureRequest, kibitz: Run) -> Iterator[Visitor]:
    used = "far_page" if "far_page" in request.fixturenames else "page"
    visitor = Visitor(name, request.getfixturevalue(used), kibitz.url)
    yield visitor
    visitor.leave()


@pytest.fixture
def alice(request: pytest.FixtureRequest, kibitz: Run) -> Iterator[Visitor]:
    """Writes on the test's page, straight to Kibitz."""
    yield from _visitor("alice", request, kibitz)


@pytest.fixture
def bob(request: pytest.FixtureRequest, kibitz: Run) -> Iterator[Visitor]:
    """Replies there."""
    yield from _visitor("bob", request, kibitz)


@pytest.fixture
def mallory(request: pytest.FixtureRequest, kibitz: Run) -> Iterator[Visitor]:
    """Attacks there."""
    yield from _visitor("mallory", request, kibitz)
