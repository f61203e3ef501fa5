"""Saying over the API that one types: for readers whose live connection takes nothing."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from comments.events.wire import TYPING_SECONDS, typed_channel, typists_set
from comments.sites.models import Site
from tests.cast import API, ORIGIN, Answer, Page, Person


def say(person: Person, *, by: str = "1f0e", site: str = "", headers: dict[str, str] | None = None) -> Answer:
    page = person.page
    return person.send("POST", f"{page.path}typing/?site={site or page.site}&by={by}", headers=headers)


def typists(redis_client: Any, page: Page) -> int:
    return int(redis_client.zcard(typists_set(page.key)))


def test_who_types_is_counted_and_the_formatter_is_woken(
    alice: Person, bob: Person, redis_client: Any
) -> None:
    with redis_client.pubsub(ignore_subscribe_messages=True) as formatter:
        formatter.subscribe(typed_channel(0))
        formatter.get_message(timeout=10)

        answers = [say(alice, by="a"), say(bob, by="b"), say(alice, by="a")]

        assert [(answer.status, answer.data) for answer in answers] == [(204, None)] * 3
        assert typists(redis_client, alice.page) == 2
        assert formatter.get_message(timeout=10)["data"] == f"{alice.page.key} blog"


def test_nothing_of_it_is_left_a_moment_later(alice: Person, redis_client: Any) -> None:
    say(alice)

    name = typists_set(alice.page.key)
    assert 0 < redis_client.ttl(name) <= 2 * TYPING_SECONDS
    assert redis_client.zrange(name, 0, -1) == ["1f0e"]


def test_those_who_stopped_make_room_for_those_who_type(alice: Person, redis_client: Any) -> None:
    redis_client.zadd(typists_set(alice.page.key), {f"gone-{number}": 1 for number in range(100)})

    say(alice)

    assert typists(redis_client, alice.page) == 1


def test_the_database_is_asked_for_the_site_at_most(alice: Person) -> None:
    alice.posted()

    with CaptureQueriesContext(connection) as asked:
        assert say(alice).status == 204

    assert not [query for query in asked.captured_queries if "comments_site" not in query["sql"]]


@pytest.mark.parametrize("off", [{"has_presence": False}, {"realtime": "off"}, {"realtime": "dark"}])
def test_where_the_site_shows_no_presence_nobody_is_told(
    off: dict[str, object], alice: Person, redis_client: Any
) -> None:
    Site.objects.update(**off)

    answer = say(alice)

    assert answer.status == 204
    assert typists(redis_client, alice.page) == 0


def test_one_address_may_say_it_so_often(limited_site: Site, redis_client: Any) -> None:
    person = Person("mallory", Page(limited_site.key, "first"))

    answers = [say(person, by=str(number)) for number in range(121)]

    assert [answer.status for answer in answers] == [204] * 120 + [429]
    assert answers[-1].code == "throttled"
    assert int(answers[-1].headers["Retry-After"]) > 0


@pytest.mark.usefixtures("no_redis")
def test_without_redis_nobody_is_told_and_nobody_hears_of_it(limited_site: Site) -> None:
    assert say(Person("alice", Page(limited_site.key, "first"))).status == 204


def test_another_sites_page_may_not_say_it(alice: Person, redis_client: Any) -> None:
    foreign = say(alice, headers={"Origin": "https://evil.example"})
    own = say(alice, headers={"Origin": ORIGIN})

    assert (foreign.status, foreign.code) == (403, "origin_not_allowed")
    assert own.status == 204


def test_bad_input_is_named(mallory: Person, redis_client: Any) -> None:
    page = mallory.page
    path = f"{page.path}typing/"

    assert say(mallory, headers={"X-Kibitz": "0"}).code == "header_missing"
    assert say(mallory, site="nobody").status == 404
    assert list(mallory.send("POST", path).data["fields"]) == ["site", "by"]
    for by in ("", "a b", "x" * 37, "%00", "é"):
        answer = say(mallory, by=by)
        assert (answer.status, list(answer.data["fields"])) == (400, ["by"])
    malformed = mallory.send("POST", f"{API}threads/KEY/typing/?site=blog&by=a")
    assert (malformed.status, malformed.code) == (400, "malformed_key")
    assert typists(redis_client, page) == 0
