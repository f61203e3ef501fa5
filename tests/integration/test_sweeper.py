"""The sweeper: repeats what the queue lost, marks what was published, forgets what is old."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import redis

from comments.events import outbox, request_redis, wire
from comments.events.redis_clients import command_client
from comments.events.sweeper import BATCH, KEEP_EVENTS, LOOK_MAX_SECONDS, PRUNE_INTERVAL_SECONDS, Sweeper
from comments.models import Event, Post
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


def more_events(event: Event, *, up_to: int) -> None:
    """The thread goes on to that number, each event as old as the first."""
    last = Event.objects.order_by("-seq").values_list("seq", flat=True)[0]
    Event.objects.bulk_create(
        Event(
            thread=event.thread, key=event.key, epoch=event.epoch, seq=seq, data="{}", created=event.created
        )
        for seq in range(last + 1, up_to + 1)
    )


def test_what_is_not_done_after_two_seconds_is_added_again(
    sweeper: Sweeper, event: Event, redis_client: redis.Redis
) -> None:
    sweeper.sweep(NOW)

    assert queued(redis_client) == [outbox.entry_of(event, event.thread.site.key)]
    assert redis_client.hget(wire.COUNTERS, "repeated") == "1"


def test_what_is_younger_is_left_to_the_fast_path(sweeper: Sweeper, event: Event) -> None:
    assert sweeper.repeat_stale(NOW - timedelta(seconds=1, milliseconds=1)) == 0


def test_what_is_done_is_not_repeated(sweeper: Sweeper, event: Event, redis_client: redis.Redis) -> None:
    redis_client.rpush(wire.DONE, wire.done_note(event.pk, event.epoch))

    sweeper.sweep(NOW)

    event.refresh_from_db()
    assert event.is_done
    assert redis_client.xlen(STREAM) == 0
    assert redis_client.llen(wire.DONE) == 0


def test_what_still_lies_in_its_stream_is_not_added_again(
    sweeper: Sweeper, event: Event, clock: Clock, redis_client: redis.Redis
) -> None:
    for _ in range(60):
        sweeper.repeat_stale(NOW)
        clock.seconds += 1.0

    assert redis_client.xlen(STREAM) == 1


def test_what_is_in_somebodys_hands_is_not_added_again(
    sweeper: Sweeper, event: Event, clock: Clock, redis_client: redis.Redis
) -> None:
    sweeper.repeat_stale(NOW)
    redis_client.xgroup_create(STREAM, wire.GROUP, id="0")
    redis_client.xreadgroup(wire.GROUP, "slow", {STREAM: ">"})

    clock.seconds += 60
    sweeper.repeat_stale(NOW)

    assert redis_client.xlen(STREAM) == 1


@pytest.mark.parametrize("loss", ["the stream", "its delivery"])
def test_what_is_lost_on_the_way_is_added_again(
    sweeper: Sweeper, event: Event, clock: Clock, redis_client: redis.Redis, loss: str
) -> None:
    sweeper.repeat_stale(NOW)
    if loss == "the stream":
        redis_client.delete(STREAM)
    else:
        redis_client.xgroup_create(STREAM, wire.GROUP, id="$")

    clock.seconds += 2
    sweeper.repeat_stale(NOW)

    assert queued(redis_client)[-1] == outbox.entry_of(event, event.thread.site.key)
    assert redis_client.hget(wire.COUNTERS, "repeated") == "2"


def test_a_stream_that_no_formatter_knows_is_made_known(
    sweeper: Sweeper, event: Event, redis_client: redis.Redis
) -> None:
    sweeper.repeat_stale(NOW)

    assert redis_client.smembers(wire.STREAMS) == {STREAM}


def test_what_was_published_meanwhile_is_not_added_again(
    sweeper: Sweeper, event: Event, clock: Clock, redis_client: redis.Redis
) -> None:
    sweeper.repeat_stale(NOW)
    redis_client.delete(STREAM)
    redis_client.rpush(wire.DONE, wire.done_note(event.pk, event.epoch))

    clock.seconds += 2

    assert sweeper.repeat_stale(NOW) == 0


def test_looks_come_at_growing_intervals_up_to_a_bound(
    sweeper: Sweeper, event: Event, clock: Clock, redis_client: redis.Redis
) -> None:
    repeated = []
    for _ in range(12 * 60):
        if sweeper.repeat_stale(NOW):
            repeated.append(clock.seconds)
            redis_client.delete(STREAM)
        clock.seconds += 0.25

    pauses = [later - sooner for sooner, later in pairwise(repeated)]
    assert pauses[:4] == [2.0, 4.0, 8.0, LOOK_MAX_SECONDS]
    assert set(pauses[4:]) == {LOOK_MAX_SECONDS}


def test_repeats_are_in_order(sweeper: Sweeper, alice: Person, redis_client: redis.Redis) -> None:
    for _ in range(3):
        alice.posted()
    for row in Event.objects.all():
        Event.objects.filter(pk=row.pk).update(created=NOW - timedelta(seconds=10 - row.seq))

    sweeper.repeat_stale(NOW)

    assert [entry.seq for entry in queued(redis_client) if isinstance(entry, wire.EventEntry)] == [1, 2, 3]


def test_a_backlog_of_any_length_is_added_in_one_round_and_in_order(
    sweeper: Sweeper, event: Event, redis_client: redis.Redis
) -> None:
    more_events(event, up_to=2 * BATCH + 1)

    sweeper.sweep(NOW)

    seqs = [entry.seq for entry in queued(redis_client) if isinstance(entry, wire.EventEntry)]
    assert seqs == list(range(1, 2 * BATCH + 2))


def test_rows_that_cannot_get_out_hold_up_no_younger_one(
    sweeper: Sweeper, event: Event, clock: Clock, redis_client: redis.Redis
) -> None:
    more_events(event, up_to=BATCH + 1)
    sweeper.sweep(NOW)
    more_events(event, up_to=BATCH + 2)

    sweeper.sweep(NOW)

    last = queued(redis_client)[-1]
    assert isinstance(last, wire.EventEntry)
    assert last.seq == BATCH + 2
    assert redis_client.xlen(STREAM) == BATCH + 2


def test_a_repeat_that_redis_did_not_take_is_tried_at_the_next_round(
    sweeper: Sweeper, event: Event, redis_client: redis.Redis
) -> None:
    redis_client.set(STREAM, "no stream")
    with pytest.raises(redis.ResponseError):
        sweeper.repeat_stale(NOW)
    redis_client.delete(STREAM)

    assert sweeper.repeat_stale(NOW) == 1
    assert redis_client.xlen(STREAM) == 1


def test_a_long_done_list_is_marked_whole(sweeper: Sweeper, event: Event, redis_client: redis.Redis) -> None:
    more_events(event, up_to=2 * BATCH + 2)
    rows = Event.objects.values_list("pk", "epoch")
    redis_client.rpush(wire.DONE, *(wire.done_note(pk, epoch) for pk, epoch in rows))

    assert sweeper.mark_done() == 2 * BATCH + 2
    assert not Event.objects.filter(is_done=False).exists()


def test_a_done_that_no_row_has_is_no_trouble(
    sweeper: Sweeper, event: Event, redis_client: redis.Redis
) -> None:
    note = wire.done_note(event.pk, event.epoch)
    redis_client.rpush(wire.DONE, wire.done_note(10**12, event.epoch), note, note)

    sweeper.mark_done()

    event.refresh_from_db()
    assert event.is_done


@pytest.mark.parametrize(
    "note", ["{pk}", "{pk} another", "{pk} ", "x {epoch}", "", "9" * 30 + " {epoch}", "²  {epoch}"]
)
def test_a_done_note_of_something_else_marks_nothing(
    sweeper: Sweeper, event: Event, redis_client: redis.Redis, note: str
) -> None:
    redis_client.rpush(wire.DONE, note.format(pk=event.pk, epoch=event.epoch))

    assert sweeper.mark_done() == 0

    event.refresh_from_db()
    assert not event.is_done


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
