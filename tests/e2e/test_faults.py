"""The network goes, processes die, answers get lost: every screen ends up right, with nothing twice."""

import os
import signal

import pytest
from playwright.sync_api import expect

from tests.cast import Page
from tests.e2e.proxy import Proxy
from tests.e2e.readers import Readers
from tests.e2e.screens import SOON_MILLISECONDS
from tests.e2e.visitors import Visitor
from tests.running import Run
from tests.servers import wait_until

pytestmark = pytest.mark.one_database

HEALED_MILLISECONDS = 35_000  # DESIGN.md, G2: at worst within 30 s, whatever was killed


def test_what_happened_while_the_network_was_away_is_there_when_it_is_back(
    proxy: Proxy, far_page: Page, readers: Readers, alice: Visitor, bob: Visitor
) -> None:
    old = alice.posted("Old.")
    doomed = alice.posted("Soon gone.")
    seen = readers.comments().open(far_page.url)

    proxy.cut()
    expect(seen.state).not_to_have_text("Live")
    alice.edit(old, "Old, and edited.")
    first_reply = bob.posted("First reply.", parent=old)
    bob.posted("Second reply.", parent=old)
    bob.posted("Reply to the first reply.", parent=first_reply)
    alice.delete(doomed)
    bob.vote(old, 1)
    alice.posted("New root.")
    alice.posted("Newer root.")
    wait_until(
        lambda: proxy.refused > 2,
        seconds=30,
        message=lambda: f"tries to come back in vain; refused {proxy.refused}",
    )
    proxy.allow()

    expect(seen.state).to_have_text("Live", timeout=HEALED_MILLISECONDS)
    expect(seen.pill).to_have_text("2 new comments")
    seen.reveal()
    expect(seen.bodies).to_have_text(
        [
            "Newer root.",
            "New root.",
            "Old, and edited.",
            "First reply.",
            "Reply to the first reply.",
            "Second reply.",
        ]
    )
    expect(seen.by_id(old).score).to_have_text("1")
    expect(seen.count).to_have_text("6 comments")
    alice.posted("Live again.", parent=old)
    expect(seen.with_body("Live again.").node).to_be_visible(timeout=SOON_MILLISECONDS)


def test_what_was_accepted_while_formatter_and_web_died_reaches_an_open_browser(
    kibitz: Run, page: Page, readers: Readers, alice: Visitor
) -> None:
    root = alice.posted("Root.")
    bodies = [f"Accepted {number}." for number in range(12)]
    seen = readers.comments().open(page.url)

    for number, body in enumerate(bodies):
        if number == 4:
            os.kill(kibitz.pids()["formatter-1"], signal.SIGKILL)
        if number == 8:
            os.kill(kibitz.pids()["web"], signal.SIGKILL)
        alice.posted(body, parent=root)

    expect(seen.bodies).to_have_text(["Root.", *bodies], timeout=HEALED_MILLISECONDS)
    expect(seen.state).to_have_text("Live", timeout=HEALED_MILLISECONDS)
    expect(seen.count).to_have_text("13 comments")


def test_an_answer_that_was_lost_makes_no_second_post(
    proxy: Proxy, far_page: Page, readers: Readers, alice: Visitor
) -> None:
    seen = readers.comments().open(far_page.url)
    proxy.lose_answers(b"post /api/")

    seen.composer.post("Once only.", "alice")
    expect(seen.letters).to_contain_text("Not sent.")
    expect(seen.letters).to_contain_text("Once only.")
    proxy.allow()
    seen.letters.get_by_role("button", name="Retry").click()

    expect(seen.letters).to_have_count(0)
    expect(seen.with_body("Once only.").node).to_have_count(1)
    expect(seen.pill).to_be_hidden()
    assert proxy.unanswered >= 1
    assert [post["html"] for post in alice.snapshot().data["posts"]] == ["<p>Once only.</p>"]


def test_a_server_error_keeps_the_text_and_it_is_tried_again(
    page: Page, readers: Readers, alice: Visitor
) -> None:
    seen = readers.comments().open(page.url)
    seen.page.route("**/posts/", lambda route: route.fulfill(status=503, body="broken"), times=1)

    seen.composer.post("Worth keeping.", "alice")
    expect(seen.letters).to_contain_text("Not sent.")
    expect(seen.letters).to_contain_text("Worth keeping.")

    # it is tried again without being asked
    expect(seen.letters).to_have_count(0)
    expect(seen.with_body("Worth keeping.").node).to_have_count(1)
    assert len(alice.snapshot().data["posts"]) == 1


def test_a_reader_reads_while_the_api_is_away_and_is_live_when_it_is_back(
    proxy: Proxy, far_page: Page, readers: Readers, alice: Visitor
) -> None:
    alice.posted("Here all along.")
    seen = readers.comments()
    proxy.block(b"get /api/v1/threads/")
    seen.page.goto(far_page.url)
    seen.element.scroll_into_view_if_needed()
    expect(seen.bodies).to_have_text(["Here all along."])
    alice.posted("Meanwhile.")

    proxy.allow()

    expect(seen.pill).to_be_visible(timeout=HEALED_MILLISECONDS)
    expect(seen.state).to_have_text("Live", timeout=HEALED_MILLISECONDS)


def test_more_comments_that_do_not_come_are_told_and_can_be_asked_for_again(
    proxy: Proxy, far_page: Page, readers: Readers, alice: Visitor
) -> None:
    for number in range(51):
        alice.posted(f"Post {number}.")
    seen = readers.comments().open(far_page.url)
    proxy.cut()

    seen.more.click()
    expect(seen.frame.get_by_role("alert").filter(has_text="The server cannot be reached.")).to_be_visible()
    proxy.allow()
    seen.more.click()

    expect(seen.posts).to_have_count(51)
