"""Telling readers who types, over a real Redis and a publisher in memory."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from comments.events.wire import typed_channel, typists_set
from realtime.presence_store import Counts, PresenceStore
from realtime.publisher import Frame
from realtime.typists import HEAVY_FOR_SECONDS, HEAVY_SECONDS, LOOK_EVERY_SECONDS, SAY_AGAIN_SECONDS, Typists
from tests import servers
from tests.unit.realtime.doubles import Clock, MemoryPublisher

KEY = "a" * 26


class Tier:
    """The formatter's side, and readers who type."""

    def __init__(self, url: str, client: Any) -> None:
        self.clock = Clock()
        self.publisher = MemoryPublisher()
        self.typists = Typists(url, 0, self.publisher, clock=self.clock)
        self._client = client

    def type(self, by: str, key: str = KEY) -> None:
        self._client.zadd(typists_set(key), {by: time.time() + 60})
        self.typists.note(key, "blog")

    def stop_typing(self, key: str = KEY) -> None:
        """As after 5 s."""
        self._client.delete(typists_set(key))

    def told(self, after_seconds: float = 0.0) -> list[str]:
        self.clock.now += after_seconds
        self.typists.tell()
        return self.publisher.texts()


@pytest.fixture
def tier(redis_url: str, redis_client: Any) -> Tier:
    return Tier(redis_url, redis_client)


@pytest.fixture
def running(redis_url: str, redis_client: Any) -> Iterator[MemoryPublisher]:
    """A formatter's thread that hears and tells."""
    publisher, stop = MemoryPublisher(), threading.Event()
    typists = Typists(redis_url, 0, publisher)
    thread = threading.Thread(target=typists.run, args=[stop])
    thread.start()
    servers.wait_until(lambda: redis_client.pubsub_numsub(typed_channel(0))[0][1] == 1, message="it listens")
    yield publisher
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_the_first_sign_is_told_at_once(tier: Tier) -> None:
    tier.type("alice")

    tier.typists.tell()

    assert tier.publisher.frames == [Frame(KEY, '{"typing":1}', site="blog")]


def test_what_changes_within_a_second_is_told_together(tier: Tier) -> None:
    tier.type("alice")
    assert tier.told() == ['{"typing":1}']

    for by in ("bob", "carol"):
        tier.type(by)
        assert tier.told(LOOK_EVERY_SECONDS / 3) == []

    assert tier.told(LOOK_EVERY_SECONDS) == ['{"typing":3}']


def test_the_number_is_rounded_and_names_nobody(tier: Tier) -> None:
    for number in range(123):
        tier.type(f"reader-{number}")

    assert tier.told() == ['{"typing":120}']


def test_that_nobody_types_any_more_is_told_once(tier: Tier) -> None:
    tier.type("alice")
    tier.told()

    tier.stop_typing()

    assert tier.told(LOOK_EVERY_SECONDS) == ['{"typing":0}']
    assert tier.told(LOOK_EVERY_SECONDS) == []


def test_who_begins_again_at_once_is_told_a_second_later(tier: Tier) -> None:
    tier.type("alice")
    tier.told()
    tier.stop_typing()
    assert tier.told(LOOK_EVERY_SECONDS) == ['{"typing":0}']

    tier.type("alice")

    assert tier.told() == []
    assert tier.told(LOOK_EVERY_SECONDS) == ['{"typing":1}']


def test_who_types_for_long_is_told_again_for_readers_who_came_later(tier: Tier) -> None:
    tier.type("alice")
    tier.told()

    assert tier.told(SAY_AGAIN_SECONDS - 1) == []
    assert tier.told(1) == ['{"typing":1}']


def test_sockets_that_type_are_counted_with_them(tier: Tier, redis_url: str) -> None:
    PresenceStore(redis_url).exchange({KEY: Counts(5, 2)})
    tier.type("alice")

    assert tier.told() == ['{"typing":3}']


def test_socket_processes_count_them_too(tier: Tier, redis_url: str) -> None:
    tier.type("alice")

    assert PresenceStore(redis_url).exchange({KEY: Counts(5, 2)}) == {KEY: Counts(5, 3)}


def test_a_thread_with_crowds_of_readers_is_told_nothing(tier: Tier) -> None:
    tier.typists.note_delivery({KEY: HEAVY_SECONDS, "b" * 26: HEAVY_SECONDS / 2})
    tier.type("alice")
    tier.type("bob", "b" * 26)

    assert tier.told() == ['{"typing":1}']

    tier.told(HEAVY_FOR_SECONDS)
    tier.type("alice")
    assert tier.told() == ['{"typing":1}']


def test_a_crowd_that_shows_only_now_is_told_once(tier: Tier) -> None:
    tier.publisher.delivery_seconds = HEAVY_SECONDS
    tier.type("alice")
    assert tier.told() == ['{"typing":1}']

    tier.type("bob")

    assert tier.told(LOOK_EVERY_SECONDS) == []


def test_it_hears_of_it_over_redis(running: MemoryPublisher, redis_client: Any) -> None:
    redis_client.zadd(typists_set(KEY), {"alice": time.time() + 1})

    redis_client.publish(typed_channel(0), f"{KEY} blog")

    servers.wait_until(
        lambda: [frame.text for frame in running.frames] == ['{"typing":1}', '{"typing":0}'],
        message="the beginning and the end are told",
    )


def test_it_outlives_a_restart_of_redis_and_a_carrier_that_is_away() -> None:
    publisher, stop = MemoryPublisher(), threading.Event()
    publisher.is_away = True
    with servers.redis_server() as (server, url):
        client: Any = PresenceStore(url)._client
        thread = threading.Thread(target=Typists(url, 0, publisher).run, args=[stop])
        thread.start()

        def is_heard() -> bool:
            client.zadd(typists_set(KEY), {"alice": time.time() + 60})
            return bool(client.publish(typed_channel(0), f"{KEY} blog"))

        servers.wait_until(is_heard, message="it listens")
        server.kill()
        server.start()
        publisher.is_away = False
        servers.wait_until(is_heard, message="it listens again")
        servers.wait_until(lambda: publisher.frames, message="and tells")

        stop.set()
        thread.join(10)
        assert not thread.is_alive()
        client.close()
