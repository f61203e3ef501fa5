"""<kibitz-count>, live: one socket a page while any is seen, and none that a policy refuses."""

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import WebSocket, expect

from tests.cast import Page
from tests.e2e.host_site import STRICT_POLICY, HostSite
from tests.e2e.proxy import Proxy
from tests.e2e.readers import Readers, kept_in
from tests.e2e.visitors import Visitor
from tests.running import Run

pytestmark = pytest.mark.one_database

RETURN_MILLISECONDS = 30_000  # a lost connection comes back within 10 s, and asks within 2 more


def counts(kibitz: Run | Proxy, *names: str) -> str:
    elements = "".join(f'<kibitz-count site="blog" page-id="{name}"></kibitz-count> ' for name in names)
    return f'<script async src="{kibitz.url}/embed.js"></script>{elements}'


def sockets_of(tab: Tab) -> list[WebSocket]:
    """Those that this tab opens from now on."""
    opened: list[WebSocket] = []
    tab.on("websocket", kept_in(opened))
    return opened


def post_on(page: Page, kibitz: Run, *names: str) -> list[int]:
    """A comment on each; their ids."""
    alice = Visitor("alice", page, kibitz.url)
    posted = [alice.posted(page=Page("blog", name, page.url, page.title)) for name in names]
    alice.leave()
    return posted


def test_counts_change_while_the_page_is_open_over_one_socket(
    kibitz: Run, host: HostSite, readers: Readers
) -> None:
    page = host.pasted("a-live-list", counts(kibitz, "live-one", "live-two", "live-three"))
    tab = readers.tab()
    sockets = sockets_of(tab)
    with tab.expect_websocket(lambda socket: "/live/counts/" in socket.url):
        tab.goto(page.url)
    shown = tab.locator("kibitz-count")
    expect(shown).to_have_text(["0", "0", "0"])

    post_on(page, kibitz, "live-one", "live-two", "live-two")

    expect(shown).to_have_text(["1", "2", "0"])
    assert len(sockets) == 1


def test_counts_that_nobody_sees_hold_no_socket(kibitz: Run, host: HostSite, readers: Readers) -> None:
    page = host.pasted("a-far-list", counts(kibitz, "far-one"), paragraphs=60)
    tab = readers.tab()
    sockets = sockets_of(tab)
    tab.goto(page.url)
    shown = tab.locator("kibitz-count")
    expect(shown).to_have_text("0")
    assert sockets == []

    with tab.expect_websocket():
        shown.scroll_into_view_if_needed()

    post_on(page, kibitz, "far-one")
    expect(shown).to_have_text("1")


def test_what_changed_while_the_network_was_away_is_counted_when_it_is_back(
    kibitz: Run, host: HostSite, proxy: Proxy, readers: Readers
) -> None:
    page = host.pasted("a-list-far-away", counts(proxy, "away-one", "away-two"))
    tab = readers.tab()
    with tab.expect_websocket() as opening:
        tab.goto(page.url)
    shown = tab.locator("kibitz-count")
    expect(shown).to_have_text(["0", "0"])
    with opening.value.expect_event("framereceived"):
        post_on(page, kibitz, "away-one")
    expect(shown).to_have_text(["1", "0"])

    with opening.value.expect_event("close"):
        proxy.cut()
    post_on(page, kibitz, "away-two")
    proxy.allow()

    expect(shown).to_have_text(["1", "1"], timeout=RETURN_MILLISECONDS)


def test_where_the_policy_takes_no_socket_counts_stay_as_they_came(
    kibitz: Run, host: HostSite, readers: Readers
) -> None:
    strict = STRICT_POLICY.format(kibitz=kibitz.url)
    page = host.pasted("a-strict-list", counts(kibitz, "strict-one"), policy=strict)
    post_on(page, kibitz, "strict-one")
    tab = readers.tab()

    tab.goto(page.url)

    expect(tab.locator("kibitz-count")).to_have_text("1")
    tab.wait_for_function("violations.length")
    assert {text.split()[0] for text in tab.evaluate("violations")} == {"connect-src"}
