"""The sweeper: repeats what the queue lost, marks what was published, forgets what is old."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import redis

from comments.events import outbox, request_redis, wire
from comments.events.redis_clients import command_client
from comments.events.sweeper import BATCH, KEEP_EVENTS, PRUNE_INTERVAL_SECONDS, REPEAT_MAX_SECONDS, Sweeper
from comments.models import Event, Post, Thread
from tests.cast import Person
from tests.streams import STREAM, queued

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sweeper(redis_client: redis.Redis, clock: Clock) -> Sweeper:
    return Sweeper(redis_client, monotonic=clock)


@pytest.fixture
def event(alice: Person) -> Event:
    """An event three seconds old that nobody published: the test's transaction never commits."""
    alice.posted()
    Event.objects.update(created=NOW - timedelta(seconds=3))
    return Event.objects.get()


@pytest.fixture
def dead_client(free_port: int) -> Iterator[redis.Redis]:
    client = command_client(f"redis://127.0.0.1:{free_port}/0")
    yield client
    client.close()


def test_what_is_not_done_after_two_seconds_is_added_again(
    sweeper: Sweeper, event: Event, redis_client: redis.Redis
) -> None:
    sweeper.sweep(NOW)

    assert queued(redis_client) == [outbox.entry_of(event, event.thread.site.key)]
    assert redis_client.hget(wire.COUNTERS, "repeated") == "1"


def test_what_is_younger_is_left_to_the_fast_path(sweeper: Sweeper, event: Event) -> None:
    assert sweeper.repeat_stale(NOW - timedelta(seconds=1, milliseconds=1)) == 0


def test_what_is_done_is_not_repeated(sweeper: Sweeper, event: Event, redis_client: redis.Redis) -> None:
    redis_client.rpush(wire.DONE, event.pk)

    sweeper.sweep(NOW)

    event.refresh_from_db()
    assert event.is_done
    assert redis_client.xlen(STREAM) == 0
    assert redis_client.llen(wire.DONE) == 0


def test_repeats_come_at_growing_intervals_up_to_a_bound(
    sweeper: Sweeper, event: Event, clock: Clock
) -> None:
    repeated = []
    for _ in range(12 * 60):
        if sweeper.repeat_stale(NOW):
            repeated.append(clock.seconds)
        clock.seconds += 0.25

    pauses = [later - sooner for sooner, later in pairwise(repeated)]
    assert pauses[:4] == [2.0, 4.0, 8.0, REPEAT_MAX_SECONDS]
    assert set(pauses[4:]) == {REPEAT_MAX_SECONDS}


def test_repeats_are_in_order(sweeper: Sweeper, alice: Person, redis_client: redis.Redis) -> None:
    for _ in range(3):
        alice.posted()
    for row in Event.objects.all():
        Event.objects.filter(pk=row.pk).update(created=NOW - timedelta(seconds=10 - row.seq))

    sweeper.repeat_stale(NOW)

    assert [entry.seq for entry in queued(redis_client) if isinstance(entry, wire.EventEntry)] == [1, 2, 3]


def test_a_repeat_that_redis_did_not_take_is_tried_at_the_next_round(
    sweeper: Sweeper, event: Event, redis_client: redis.Redis
) -> None:
    request_redis.breaker._open_until = float("inf")
    lost = sweeper.repeat_stale(NOW)
    request_redis.breaker._open_until = None

    assert (lost, sweeper.repeat_stale(NOW)) == (0, 1)
    assert redis_client.xlen(STREAM) == 1


def test_a_long_done_list_is_marked_whole(sweeper: Sweeper, alice: Person, redis_client: redis.Redis) -> None:
    alice.posted()
    thread = Thread.objects.get()
    rows = [
        Event(thread=thread, key=thread.key, epoch="e", seq=seq, data="{}", created=NOW)
        for seq in range(2, 2 * BATCH + 3)
    ]
    Event.objects.bulk_create(rows)
    redis_client.rpush(wire.DONE, *Event.objects.values_list("pk", flat=True))

    assert sweeper.mark_done() == 2 * BATCH + 2
    assert not Event.objects.filter(is_done=False).exists()


def test_a_done_that_no_row_has_is_no_trouble(
    sweeper: Sweeper, event: Event, redis_client: redis.Redis
) -> None:
    redis_client.rpush(wire.DONE, 10**12, event.pk, event.pk)

    sweeper.mark_done()

    event.refresh_from_db()
    assert event.is_done


def test_old_published_events_are_forgotten_and_posts_are_not(sweeper: Sweeper, event: Event) -> None:
    Event.objects.update(created=NOW - KEEP_EVENTS - timedelta(seconds=1), is_done=True)

    sweeper.sweep(NOW)

    assert not Event.objects.exists()
    assert Post.objects.count() == 1


@pytest.mark.parametrize("is_done", [True, False])
def test_what_is_young_or_unpublished_is_kept(is_done: bool, sweeper: Sweeper, event: Event) -> None:
    age = KEEP_EVENTS - timedelta(hours=1) if is_done else 2 * KEEP_EVENTS
    Event.objects.update(created=NOW - age, is_done=is_done)

    assert sweeper.prune(NOW) == 0


def test_it_forgets_once_an_hour(sweeper: Sweeper, event: Event, clock: Clock) -> None:
    sweeper.sweep(NOW)
    Event.objects.update(created=NOW - 2 * KEEP_EVENTS, is_done=True)

    sweeper.sweep(NOW)
    kept = Event.objects.count()
    clock.seconds += PRUNE_INTERVAL_SECONDS
    sweeper.sweep(NOW)

    assert (kept, Event.objects.count()) == (1, 0)


def test_without_redis_a_round_fails_and_the_next_ones_go_on(
    dead_client: redis.Redis, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("comments.events.sweeper.INTERVAL_SECONDS", 0.001)
    monkeypatch.setattr("comments.events.sweeper.close_old_connections", lambda: None)
    stopping, rounds = threading.Event(), []

    class Watched(Sweeper):
        def sweep(self, now: datetime) -> None:
            rounds.append(now)
            if len(rounds) == 3:
                stopping.set()
            super().sweep(now)

    Watched(dead_client).run(stopping)

    assert len(rounds) == 3
    assert "sweeper" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_what_was_posted_without_redis_arrives_when_it_is_back(
    alice: Person, sweeper: Sweeper, redis_client: redis.Redis
) -> None:
    request_redis.breaker._open_until = float("inf")
    post_id = alice.posted()
    request_redis.breaker._open_until = None
    lost = redis_client.xlen(STREAM)

    sweeper.sweep(Event.objects.get().created + timedelta(seconds=3))

    (entry,) = queued(redis_client)
    assert lost == 0
    assert f'"id":{post_id}' in entry.data
