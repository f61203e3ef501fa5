"""A full queue: what can wait is refused before anything is written, and nothing is lost."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.utils import timezone

from comments import env
from comments.events import request_redis, wire
from comments.events.queue_room import LOOK_EVERY_SECONDS, QueueMeter, meter
from comments.events.sweeper import Sweeper
from comments.models import Author, Event, Flag, Post, Vote
from tests.cast import Answer, Person
from tests.streams import STREAM, queued

pytestmark = pytest.mark.django_db

HALF_A_MEGABYTE = "x" * 512 * 1024


@pytest.fixture(autouse=True)
def _one_megabyte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIBITZ_QUEUE_MAX_MB", "1")


class Clock:
    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Of this process's meter; it looks at the queue again when the test moves the clock."""
    clock = Clock()
    monkeypatch.setattr(meter, "_clock", clock)
    return clock


def fill(client: redis.Redis, clock: Clock, stream: str = STREAM) -> None:
    for _ in range(3):
        client.xadd(stream, {"kind": "event", "data": HALF_A_MEGABYTE})
    clock.seconds += LOOK_EVERY_SECONDS


def assert_full(answer: Answer) -> None:
    assert (answer.status, answer.code) == (503, "queue_full")
    assert int(answer.headers["Retry-After"]) >= 1


def written() -> list[int]:
    return [model.objects.count() for model in (Author, Post, Event, Vote)]


def test_new_posts_edits_and_votes_wait_and_nothing_of_them_is_written(
    alice: Person, bob: Person, redis_client: redis.Redis, clock: Clock
) -> None:
    post_id = alice.posted()
    before, counted = written(), set(redis_client.scan_iter("kibitz:rate:*"))
    fill(redis_client, clock)

    for answer in (alice.post(), bob.post("Me too."), alice.edit(post_id, "Hi."), bob.vote(post_id, 1)):
        assert_full(answer)

    assert written() == before
    assert alice.look(post_id).data["body"] == "Hello."
    assert set(redis_client.scan_iter("kibitz:rate:*")) == counted


def test_deleting_flagging_moderating_and_reading_go_on(
    alice: Person, bob: Person, morgan: Person, redis_client: redis.Redis, clock: Clock
) -> None:
    post_id, other_id = alice.posted(), alice.posted()
    fill(redis_client, clock)

    answers = [
        bob.flag(post_id),
        morgan.edit(post_id, "Be kind."),
        alice.delete(post_id),
        morgan.delete(other_id),
        alice.preview("Hello."),
        alice.snapshot(),
        alice.events(after=0),
    ]

    assert [answer.status for answer in answers] == [204, 200, 204, 204, 200, 200, 200]
    assert Flag.objects.count() == 1


def test_the_repeat_of_a_post_that_was_accepted_gets_its_200(
    alice: Person, redis_client: redis.Redis, clock: Clock
) -> None:
    key = uuid4()
    first = alice.post(idempotency_key=key)
    fill(redis_client, clock)

    again = alice.post(idempotency_key=key)

    assert (again.status, again.data) == (200, first.data)


def test_when_there_is_room_again_posting_goes_on(
    alice: Person, redis_client: redis.Redis, clock: Clock
) -> None:
    fill(redis_client, clock)
    assert_full(alice.post())

    redis_client.delete(STREAM)
    clock.seconds += LOOK_EVERY_SECONDS

    assert alice.post().status == 201


def test_the_sweeper_holds_its_repeats_back_meanwhile(
    alice: Person, redis_client: redis.Redis, clock: Clock
) -> None:
    alice.posted()  # the test's transaction never commits, so this was not queued
    later = timezone.now() + timedelta(seconds=3)
    sweeper = Sweeper(redis_client)
    fill(redis_client, clock)

    held_back = sweeper.repeat_stale(later)
    redis_client.delete(STREAM)
    clock.seconds += LOOK_EVERY_SECONDS

    assert (held_back, sweeper.repeat_stale(later)) == (0, 1)
    assert len(queued(redis_client)) == 1


def test_the_sweeper_marks_what_was_published_meanwhile(
    alice: Person, redis_client: redis.Redis, clock: Clock
) -> None:
    alice.posted()
    event = Event.objects.get()
    redis_client.rpush(wire.DONE, wire.done_note(event.pk, event.epoch))
    fill(redis_client, clock)

    Sweeper(redis_client).sweep(timezone.now())

    assert Event.objects.get().is_done


def test_streams_of_formatters_that_are_no_more_count_too(redis_client: redis.Redis, clock: Clock) -> None:
    redis_client.sadd(wire.STREAMS, STREAM, wire.stream_name(7))
    before = meter.is_full()
    fill(redis_client, clock, wire.stream_name(7))

    assert (before, meter.is_full()) == (False, True)


def test_it_looks_once_a_second(redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, asked = Clock(), []
    own, ask = QueueMeter(clock=clock), request_redis.ask

    def counted(*commands: Any, **options: Any) -> list[Any]:
        asked.append(commands)
        return ask(*commands, **options)

    monkeypatch.setattr(request_redis, "ask", counted)

    for _ in range(10):
        own.is_full()
        clock.seconds += LOOK_EVERY_SECONDS / 4

    assert len(asked) == 3


@pytest.mark.usefixtures("no_redis")
def test_without_redis_nobody_knows_and_posting_goes_on(alice: Person) -> None:
    assert alice.post().status == 201


def test_a_redis_that_does_not_tell_sizes_has_room_and_still_takes_events(
    alice: Person, redis_client: redis.Redis, clock: Clock
) -> None:
    redis_client.acl_setuser("default", enabled=True, commands=["-memory"])
    try:
        fill(redis_client, clock)

        assert alice.post().status == 201
        assert request_redis.breaker._open_until is None
    finally:
        redis_client.acl_setuser("default", enabled=True, commands=["+memory"])


def test_0_is_no_limit(
    alice: Person, redis_client: redis.Redis, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIBITZ_QUEUE_MAX_MB", "0")
    fill(redis_client, clock)

    assert alice.post().status == 201


def test_by_default_the_queue_may_hold_a_quarter_of_a_gigabyte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KIBITZ_QUEUE_MAX_MB")

    assert env.queue_max_bytes() == 256 * 1024 * 1024
