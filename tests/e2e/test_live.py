"""Two browsers on one page: what is done in one shows in the other, on every carrier."""

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from tests.cast import Page
from tests.e2e.proxy import EVENT_STREAM, UPGRADE, Proxy
from tests.e2e.readers import Readers
from tests.e2e.screens import SOON_MILLISECONDS, Comments
from tests.e2e.visitors import Visitor
from tests.running import Run

pytestmark = pytest.mark.one_database

LADDER_MILLISECONDS = 30_000  # three failures of each carrier, with their backoff, before the next one
POLL_MILLISECONDS = 15_000  # a poll every 3 to 5 s


def requests_of(tab: Tab) -> list[str]:
    """The addresses that this tab asks for from now on."""
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    return asked


def watch_a_conversation(watcher: Comments, alice: Visitor, bob: Visitor) -> None:
    """Every kind of change is made elsewhere, and is seen."""
    first = alice.posted("The first word.")
    expect(watcher.pill).to_have_text("1 new comment")
    watcher.reveal()
    expect(watcher.by_id(first).body).to_have_text("The first word.")

    alice.edit(first, "The first word, *corrected*.")
    expect(watcher.by_id(first).body).to_have_text("The first word, corrected.")
    expect(watcher.by_id(first).edited).to_be_visible()

    bob.vote(first, 1)
    expect(watcher.by_id(first).score).to_have_text("1")

    reply = bob.posted("A reply.", parent=first)
    expect(watcher.bodies).to_have_text(["The first word, corrected.", "A reply."])
    expect(watcher.count).to_have_text("2 comments")

    bob.delete(reply)
    expect(watcher.by_id(reply).node).to_have_count(0)
    expect(watcher.count).to_have_text("1 comment")


def test_a_reader_of_the_demo_sees_what_another_does_without_asking(kibitz: Run, readers: Readers) -> None:
    demo = f"{kibitz.url}/demo/"
    writer, watcher = readers.comments().open(demo), readers.comments().open(demo)
    asked = requests_of(watcher.page)
    known = watcher.posts.first.get_attribute("data-id")

    writer.composer.post("Hello from the other window.", "alice")
    expect(watcher.pill).to_have_text("1 new comment")
    watcher.reveal()
    hello = watcher.with_body("Hello from the other window.")
    expect(hello.name).to_have_text("alice")

    writer.with_body("Hello from the other window.").edit("Hello **again**.")
    again = watcher.with_body("Hello again.")
    expect(again.body.locator("strong")).to_have_text("again")

    writer.by_id(int(known or 0)).press("Vote up")
    expect(watcher.by_id(int(known or 0)).score).to_have_text("1")

    writer.with_body("Hello again.").reply("To myself.")
    expect(watcher.with_body("To myself.").node).to_be_visible(timeout=SOON_MILLISECONDS)

    writer.with_body("To myself.").delete()
    expect(watcher.with_body("To myself.").node).to_have_count(0)

    assert asked == []


def test_a_websocket_carries_every_kind_of_change(
    page: Page, readers: Readers, alice: Visitor, bob: Visitor
) -> None:
    watcher = readers.comments().open(page.url)
    asked = requests_of(watcher.page)

    watch_a_conversation(watcher, alice, bob)

    assert asked == []


def test_where_websockets_are_blocked_an_event_stream_carries_it(
    proxy: Proxy, far_page: Page, readers: Readers, alice: Visitor, bob: Visitor
) -> None:
    proxy.block(UPGRADE)
    watcher = readers.comments().open(far_page.url, within=LADDER_MILLISECONDS)
    asked = requests_of(watcher.page)

    watch_a_conversation(watcher, alice, bob)

    assert proxy.blocked >= 3
    assert asked == []


def test_where_event_streams_are_blocked_too_polling_brings_it(
    proxy: Proxy, far_page: Page, readers: Readers, alice: Visitor, bob: Visitor
) -> None:
    proxy.block(UPGRADE, EVENT_STREAM)
    watcher = readers.comments().open(far_page.url, within=LADDER_MILLISECONDS)
    asked = requests_of(watcher.page)

    post = alice.posted("Polled.")
    bob.vote(post, 1)
    expect(watcher.pill).to_have_text("1 new comment", timeout=POLL_MILLISECONDS)
    watcher.reveal()
    expect(watcher.by_id(post).score).to_have_text("1", timeout=POLL_MILLISECONDS)
    reply = bob.posted("A reply.", parent=post)
    alice.edit(post, "Polled twice.")
    expect(watcher.bodies).to_have_text(["Polled twice.", "A reply."], timeout=POLL_MILLISECONDS)
    bob.delete(reply)
    expect(watcher.bodies).to_have_text(["Polled twice."], timeout=POLL_MILLISECONDS)

    assert proxy.blocked >= 6
    assert asked
    assert all("/events/?after=" in url for url in asked)
