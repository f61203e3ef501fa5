"""A post on its way: shown at once, kept through failures and reloads, posted when back, held."""

import json
from typing import Final

import pytest
from playwright.sync_api import Request, Route, expect

from tests.cast import Page
from tests.e2e.host_site import HostSite
from tests.e2e.readers import Readers, kept_in
from tests.e2e.visitors import Visitor
from tests.running import Run
from tests.servers import wait_until

pytestmark = pytest.mark.one_database

UNSENT: Final = "() => Object.entries(localStorage).find(([key]) => key.endsWith(':unsent'))?.[1] ?? null"
HOLD: Final = "from comments.models import Site; Site.objects.filter(key='waiting').update(moderation='pre')"
APPROVE: Final = """
from django.utils import timezone
from comments.models import Post
from comments.moderation.services import approve_post
for post in Post.objects.filter(status="pending"): approve_post(post, now=timezone.now())
"""


def test_a_post_is_shown_before_the_server_has_it(page: Page, readers: Readers) -> None:
    seen = readers.comments().open(page.url)
    waiting: list[Route] = []
    seen.page.route("**/posts/", kept_in(waiting), times=1)

    seen.composer.post("At once.", "alice")
    expect(seen.letters).to_contain_text("At once.")
    expect(seen.letters).to_contain_text("Sending…")
    expect(seen.letters.locator(".said")).to_have_css("opacity", "0.6")
    expect(seen.composer.body).to_have_value("")
    wait_until(lambda: bool(waiting), message="the request")
    waiting[0].continue_()

    expect(seen.with_body("At once.").node).to_be_visible()
    expect(seen.letters).to_have_count(0)


def test_what_was_written_offline_outlives_a_reload_and_is_posted_once_when_back(
    page: Page, readers: Readers, alice: Visitor
) -> None:
    root = alice.posted("Root.")
    seen = readers.comments().open(page.url)
    seen.composer.body.focus()
    expect(seen.composer.name).to_be_visible()
    keys: list[str | None] = []
    away = seen.page.context

    away.set_offline(True)
    seen.composer.post("From a train.", "bob")
    expect(seen.letters).to_contain_text("You are offline.")
    seen.by_id(root).reply("A reply from a train.", "bob")
    expect(seen.letters).to_have_count(2)
    stored = json.loads(seen.document.evaluate(UNSENT))

    def note(request: Request) -> None:
        if request.method == "POST":
            keys.append(request.headers["idempotency-key"])

    seen.page.on("request", note)
    away.set_offline(False)

    expect(seen.letters).to_have_count(0)
    expect(seen.with_body("From a train.").node).to_have_count(1)
    expect(seen.with_body("A reply from a train.").node).to_have_count(1)
    assert keys == [letter["key"] for letter in stored]
    assert len(alice.snapshot().data["posts"]) == 3


def test_a_post_that_was_not_sent_outlives_a_reload(page: Page, readers: Readers, alice: Visitor) -> None:
    seen = readers.comments().open(page.url)
    seen.page.route("**/posts/", lambda route: route.abort())
    seen.composer.post("Stubborn.", "alice")
    expect(seen.letters).to_contain_text("Not sent.")

    seen.open(page.url)
    expect(seen.letters).to_contain_text("Stubborn.")
    seen.page.unroute("**/posts/")
    seen.letters.get_by_role("button", name="Retry").click()

    expect(seen.with_body("Stubborn.").name).to_have_text("alice")
    expect(seen.letters).to_have_count(0)
    assert len(alice.snapshot().data["posts"]) == 1


def test_a_post_that_was_not_sent_can_be_taken_back_or_thrown_away(page: Page, readers: Readers) -> None:
    seen = readers.comments().open(page.url)
    seen.page.route("**/posts/", lambda route: route.abort())
    seen.composer.post("First thought.", "alice")
    seen.composer.body.fill("Second thought.")

    seen.letters.get_by_role("button", name="Edit").click()
    expect(seen.composer.body).to_have_value("First thought.\n\nSecond thought.")
    expect(seen.letters).to_have_count(0)
    seen.composer.submit()
    seen.letters.get_by_role("button", name="Discard").click()

    expect(seen.letters).to_have_count(0)
    assert not seen.document.evaluate(UNSENT)


def test_a_refused_reply_comes_back_into_its_form(page: Page, readers: Readers, alice: Visitor) -> None:
    root = alice.posted("Root.")
    seen = readers.comments().open(page.url)
    seen.by_id(root).press("Reply")
    expect(seen.by_id(root).form.name).to_be_visible()
    refusal = '{"code": "invalid", "detail": "No.", "fields": {"body": ["Not like this."]}}'
    seen.page.route("**/posts/", lambda route: route.fulfill(status=400, body=refusal), times=1)

    seen.by_id(root).form.post("Take that.", submit="Reply")

    expect(seen.by_id(root).form.error).to_have_text("Not like this.")
    expect(seen.by_id(root).form.body).to_have_value("Take that.")
    expect(seen.by_id(root).form.body).to_be_focused()


def test_held_posts_are_shown_to_their_author_alone_until_they_turn_public_in_place(
    kibitz: Run, host: HostSite, page: Page, readers: Readers
) -> None:
    kibitz.manage("create_site", "waiting", "--origin", host.origin)
    kibitz.shell(HOLD)
    held = host.pasted("waiting", f'<script async src="{kibitz.url}/embed.js" data-site="waiting"></script>')
    seen, other = readers.comments().open(held.url), readers.comments().open(held.url)

    seen.composer.post("Be patient.", "alice")
    expect(seen.with_body("Be patient.").node).to_contain_text("Awaiting moderation")
    seen.open(held.url)
    expect(seen.with_body("Be patient.").node).to_contain_text("Awaiting moderation")
    expect(other.posts).to_have_count(0)
    kibitz.shell(APPROVE)

    expect(seen.with_body("Be patient.").node).not_to_contain_text("Awaiting moderation")
    expect(seen.with_body("Be patient.").node.get_by_role("button", name="Reply")).to_be_visible()
    expect(seen.posts).to_have_count(1)
    expect(other.pill).to_be_visible()
