"""What an embed asks first, and what a page of many asks: the thread of a page, and counts."""

import json
import time
from types import SimpleNamespace

import pytest
from django.test import override_settings

from comments.cells import VARIABLE, push_secret, signed_path
from comments.events.wire import counts_channel
from comments.models import Author, Event, Post, Site, Thread
from comments.sites import services
from comments.threads.page import page_id_of, thread_key
from tests.cast import API, ORIGIN, Answer, Page, Person

pytestmark = pytest.mark.django_db

THREAD = f"{API}sites/blog/thread/"
COUNTS = f"{API}sites/blog/counts/"


def test_a_page_is_resolved_to_its_thread(alice: Person, bob: Person, page: Page) -> None:
    alice.posted()

    boot = bob.get(THREAD, page_id=page.page_id, url=page.url).data

    snapshot = bob.snapshot().data
    assert boot["key"] == page.key
    assert (boot["epoch"], boot["seq"], boot["thread"]) == (snapshot["epoch"], 1, snapshot["thread"])


def test_a_page_without_comments_is_resolved_without_a_row(bob: Person, page: Page) -> None:
    boot = bob.get(THREAD, page_id=page.page_id, url=page.url).data

    assert (boot["key"], boot["seq"]) == (page.key, 0)
    assert boot["thread"]["posts"] == 0
    assert not Thread.objects.exists()


def test_a_page_may_be_named_by_its_url_alone(bob: Person, site: Site) -> None:
    url = f"{ORIGIN}/second/?utm_source=x#comments"

    boot = bob.get(THREAD, url=url).data

    assert boot["key"] == thread_key(site.key, page_id_of(url))


@pytest.mark.parametrize("page_id", ["first", " first ", "a b", "עברית", "a\tb"])
def test_the_key_that_a_page_is_given_is_the_key_that_takes_its_posts(page_id: str, alice: Person) -> None:
    key = alice.get(THREAD, page_id=page_id, url=ORIGIN).data["key"]

    told = {"body": "Hello.", "page": {"site": "blog", "page_id": page_id, "url": ORIGIN, "title": ""}}
    answer = alice.send("POST", f"{API}threads/{key}/posts/", told)

    assert answer.status == 201


def test_the_live_addresses_are_absolute_and_of_the_host_asked(bob: Person, page: Page) -> None:
    live = bob.get(THREAD, page_id=page.page_id).data["live"]

    assert live == {
        "ws": f"ws://testserver/live/{page.key}",
        "sse": f"http://testserver/live/{page.key}",
        "poll": f"http://testserver{page.path}events/",
    }


def test_the_live_addresses_are_those_of_the_public_url(bob: Person, page: Page) -> None:
    with override_settings(PUBLIC_URL="https://comments.example.org"):
        live = bob.get(THREAD, page_id=page.page_id).data["live"]

    assert live == {
        "ws": f"wss://comments.example.org/live/{page.key}",
        "sse": f"https://comments.example.org/live/{page.key}",
        "poll": f"https://comments.example.org{page.path}events/",
    }


@pytest.fixture
def cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """The site `blog` has a cell of two push nodes; sites that are not named have none."""
    nodes = [
        {"public": f"https://push{number}.example.org", "publish": f"http://10.0.0.{number}:9081"}
        for number in (1, 2)
    ]
    monkeypatch.setenv(VARIABLE, json.dumps({"main": {"sites": ["blog"], "nodes": nodes}}))


@pytest.mark.usefixtures("cells")
def test_a_site_with_push_nodes_is_given_signed_addresses_of_them_in_turns(bob: Person, page: Page) -> None:
    signed = signed_path(page.key, now=time.time(), secret=push_secret())

    lives = [bob.get(THREAD, page_id=page.page_id).data["live"] for _ in range(40)]

    assert {(live["ws"], live["sse"]) for live in lives} == {
        (f"wss://push{number}.example.org{signed}", f"https://push{number}.example.org{signed}")
        for number in (1, 2)
    }
    assert {live["poll"] for live in lives} == {f"http://testserver{page.path}events/"}


@pytest.mark.usefixtures("cells")
def test_readers_at_push_nodes_bear_more_silence(bob: Person, page: Page) -> None:
    settings = bob.get(THREAD, page_id=page.page_id).data["settings"]

    assert settings["silence_seconds"] == 120


def test_counts_say_as_of_which_number_and_where_they_are_live(
    alice: Person, bob: Person, page: Page
) -> None:
    alice.posted()

    told = bob.get(COUNTS, page_id=[page.page_id, "silent"]).data

    head = bob.head().data
    assert told["counts"] == {page.page_id: 1, "silent": 0}
    assert told["heads"][page.page_id] == {"key": page.key, **head}
    assert told["heads"]["silent"]["seq"] == 0
    assert told["heads"]["silent"]["key"] == thread_key("blog", "silent")
    assert told["live"] == {"ws": f"ws://testserver/live/counts/{counts_channel('blog')}"}


@pytest.mark.usefixtures("cells")
def test_counts_of_a_site_with_push_nodes_are_live_there(bob: Person, page: Page) -> None:
    signed = signed_path(counts_channel("blog"), now=time.time(), secret=push_secret(), kind="counts/")

    lives = [bob.get(COUNTS, page_id="first").data["live"]["ws"] for _ in range(40)]

    assert set(lives) == {f"wss://push{number}.example.org{signed}" for number in (1, 2)}


@pytest.mark.parametrize("realtime", ["off", "dark"])
def test_where_nothing_is_live_counts_are_not_either(realtime: str, bob: Person, page: Page) -> None:
    Site.objects.update(realtime=realtime)

    assert bob.get(COUNTS, page_id=page.page_id).data["live"] is None


@pytest.mark.usefixtures("cells", "limited_site")
def test_a_site_without_push_nodes_has_its_sockets_here(bob: Person) -> None:
    boot = bob.get(f"{API}sites/limited/thread/", page_id="first").data

    assert boot["live"]["ws"] == f"ws://testserver/live/{boot['key']}"
    assert boot["settings"]["silence_seconds"] == 60


def test_the_front_may_keep_the_answer_for_a_second_and_a_browser_may_not(bob: Person, page: Page) -> None:
    answer = bob.get(THREAD, page_id=page.page_id)

    assert answer.headers["X-Accel-Expires"] == "1"
    assert answer.headers["Cache-Control"] == "no-cache"


def test_a_change_of_the_site_counts_after_a_second(
    bob: Person, site: Site, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000.0
    monkeypatch.setattr(services, "REMEMBER_SECONDS", 1.0)
    monkeypatch.setattr(services, "time", SimpleNamespace(monotonic=lambda: now))
    bob.get(THREAD, page_id=page.page_id)
    site.has_votes = False
    site.save()

    now += 0.9
    before = bob.get(THREAD, page_id=page.page_id).data["settings"]["votes"]
    now += 0.2
    after = bob.get(THREAD, page_id=page.page_id).data["settings"]["votes"]

    assert (before, after) == (True, False)


def test_the_settings_are_the_sites(bob: Person, site: Site, page: Page) -> None:
    site.moderation, site.has_votes, site.realtime = Site.Moderation.PRE, False, Site.Realtime.DARK
    site.save()

    settings = bob.get(THREAD, page_id=page.page_id).data["settings"]

    assert settings == {
        "guests_may_post": True,
        "moderation": "pre",
        "votes": False,
        "presence": True,
        "edit_window_seconds": 900,
        "body_max_chars": 10_000,
        "realtime": "dark",
        "reconnect_spread_seconds": 10,
        "silence_seconds": 60,
    }


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        (f"{API}sites/nothing/thread/", {"page_id": "first"}, 404, "unknown_site"),
        (f"{API}sites/%00/thread/", {"page_id": "first"}, 404, "unknown_site"),
        (f"{API}sites/{'x' * 300}/thread/", {"page_id": "first"}, 404, "unknown_site"),
        (THREAD, {}, 400, "invalid"),
        (THREAD, {"url": "nowhere"}, 400, "invalid"),
        (THREAD, {"url": "javascript:alert(1)"}, 400, "invalid"),
        (THREAD, {"url": "https://[blog"}, 400, "invalid"),
        (THREAD, {"page_id": "\x00"}, 400, "invalid"),
        (THREAD, {"page_id": "x" * 2_001}, 400, "invalid"),
        (THREAD, {"url": "https://evil.example/first/"}, 403, "origin_not_allowed"),
        (THREAD, {"page_id": "first", "url": "https://evil.example/"}, 403, "origin_not_allowed"),
        (THREAD, {"page_id": "first", "url": "nowhere"}, 403, "origin_not_allowed"),
        (f"{API}sites/nothing/counts/", {"page_id": "first"}, 404, "unknown_site"),
        (COUNTS, {}, 400, "invalid"),
        (COUNTS, {"page_id": ""}, 400, "invalid"),
        (COUNTS, {"page_id": "\x00"}, 400, "invalid"),
        (COUNTS, {"page_id": ["first"] * 201}, 400, "invalid"),
    ],
)
def test_what_is_no_page_of_the_site_is_refused(
    path: str, query: dict[str, str | int | list[str]], status: int, code: str, bob: Person
) -> None:
    answer = bob.get(path, **query)

    assert (answer.status, answer.code) == (status, code)


def test_counts_are_of_published_posts(alice: Person, bob: Person, site: Site, page: Page) -> None:
    second = Page(site=site.key, page_id="second")
    gone = alice.posted()
    bob.posted(parent=gone)
    bob.posted(page=second)
    alice.delete(gone)

    counts = bob.get(COUNTS, page_id=["first", "second", "third", "first"]).data

    assert counts["counts"] == {"first": 1, "second": 1, "third": 0}


def test_counts_are_the_only_answer_that_other_sites_may_read(alice: Person, bob: Person, page: Page) -> None:
    post_id = alice.posted()
    browser = {"Origin": "https://reader.example"}

    def asks(path: str) -> Answer:
        return bob.send("GET", path, headers=browser)

    allowed = asks(COUNTS + "?page_id=first")
    others = [
        asks(page.path),
        asks(page.path + "head/"),
        asks(page.path + "events/?after=0"),
        asks(THREAD + "?page_id=first"),
        asks(f"{API}posts/{post_id}/"),
        bob.send(
            "OPTIONS", page.path + "posts/", headers=browser | {"Access-Control-Request-Method": "POST"}
        ),
    ]

    assert allowed.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in allowed.headers
    assert not any(name.startswith("Access-Control") for answer in others for name in answer.headers)


def test_no_reading_call_writes(bob: Person, page: Page) -> None:
    for path in (page.path, page.path + "head/", page.path + "events/?after=0", THREAD + "?page_id=first"):
        assert bob.get(path).status == 200
    bob.get(COUNTS, page_id="first")

    assert not any(model.objects.exists() for model in (Thread, Post, Event, Author))
