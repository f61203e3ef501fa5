"""How many are reading and typing: shown where the site wants it, and nowhere else."""

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import expect

from tests.cast import Page
from tests.e2e.host_site import HostSite
from tests.e2e.proxy import UPGRADE, Proxy
from tests.e2e.readers import Readers
from tests.running import Run

pytestmark = pytest.mark.one_database

QUIET_SITE: Final = "quiet"
LADDER_MILLISECONDS: Final = 30_000  # three failures of a carrier, with their backoff, before the next one
STOPPED_MILLISECONDS: Final = 15_000  # the server forgets who types in 5 s, a reader in 8


@pytest.fixture
def quiet_page(request: pytest.FixtureRequest, kibitz: Run) -> Iterator[Page]:
    """A page of a site whose owner switched presence off."""
    site = HostSite(QUIET_SITE, "127.0.0.4")
    kibitz.manage("create_site", QUIET_SITE, "--origin", site.origin)
    switch_off = f"Site.objects.filter(key={QUIET_SITE!r}).update(has_presence=False)"
    kibitz.shell(switch_off)
    yield site.page(QUIET_SITE, kibitz.url)
    site.close()


def test_two_readers_see_that_they_are_two(page: Page, readers: Readers) -> None:
    one = readers.comments().open(page.url)

    two = readers.comments().open(page.url)

    expect(one.frame.get_by_text("about 2 reading")).to_be_visible()
    expect(two.frame.get_by_text("about 2 reading")).to_be_visible()


def test_a_site_without_presence_shows_no_count(quiet_page: Page, readers: Readers) -> None:
    one = readers.comments()
    with one.page.expect_websocket() as opening:
        one.open(quiet_page.url)

    with opening.value.expect_event("framereceived", lambda frame: frame == '{"readers":2}'):
        readers.comments().open(quiet_page.url)

    expect(one.frame.get_by_text("reading")).to_have_count(0)


def test_where_sockets_are_blocked_readers_still_see_that_somebody_types(
    far_page: Page, readers: Readers, proxy: Proxy
) -> None:
    proxy.block(UPGRADE)
    writer = readers.comments().open(far_page.url, within=LADDER_MILLISECONDS)
    watcher = readers.comments().open(far_page.url, within=LADDER_MILLISECONDS)
    typing = watcher.frame.get_by_text("1 typing")

    writer.composer.body.press_sequentially("Well")

    expect(typing).to_be_visible()
    expect(writer.frame.get_by_text("typing")).to_have_count(0)
    expect(typing).to_have_count(0, timeout=STOPPED_MILLISECONDS)
