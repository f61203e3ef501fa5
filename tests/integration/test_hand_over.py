"""After Redis was away its backlog goes first, in order."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import redis

from comments.events import outbox, request_redis, wire
from comments.events.breaker import Breaker
from comments.events.hand_over import LONGEST_SECONDS, HandOver
from comments.events.redis_clients import command_client
from comments.events.sweeper import Sweeper
from tests.cast import Person
from tests.streams import queued

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)  # at which nothing is stale


@pytest.fixture
def sweeper(redis_url: str) -> Sweeper:
    return Sweeper(command_client(redis_url))


@pytest.fixture
def redis_is_away(no_redis: None, use_redis: Callable[[str], None], redis_url: str) -> Callable[[], None]:
    """Called, it is back."""

    def back() -> None:
        use_redis(redis_url)
        request_redis.breaker._open_until = None

    return back


def numbers(client: redis.Redis) -> list[int]:
    """The event numbers that lie in the stream, in its order."""
    return [int(entry.seq) for entry in queued(client) if isinstance(entry, wire.EventEntry)]


def test_new_posts_do_not_overtake_those_that_redis_did_not_take(
    alice: Person, sweeper: Sweeper, redis_client: redis.Redis, redis_is_away: Callable[[], None]
) -> None:
    alice.posted("One, while it is away.")
    alice.posted("Two, while it is away.")
    redis_is_away()

    alice.posted("Three, when it is back.")
    before = numbers(redis_client)
    sweeper.sweep(LONG_AGO)
    alice.posted("Four, when all are there.")
    alice.posted("Five.")

    assert before == []
    assert numbers(redis_client) == [1, 2, 3, 4, 5]
    assert redis_client.smembers(wire.BEHIND) == set()


def test_votes_wait_for_nobody(
    alice: Person, bob: Person, redis_client: redis.Redis, redis_is_away: Callable[[], None]
) -> None:
    post_id = alice.posted()
    redis_is_away()

    bob.vote(post_id, 1)

    [entry] = queued(redis_client)
    assert isinstance(entry, wire.TotalsEntry)
    assert json.loads(entry.data)[str(post_id)]["score"] == 1


def test_a_redis_that_lost_its_memory_of_the_hand_over_ends_it(
    alice: Person, redis_client: redis.Redis, redis_is_away: Callable[[], None]
) -> None:
    alice.posted("One, while it is away.")
    redis_is_away()
    alice.posted("Two.")
    redis_client.flushall()

    alice.posted("Three.")

    assert numbers(redis_client) == [3]


def test_without_a_sweeper_a_process_waits_for_ten_seconds(redis_client: redis.Redis) -> None:
    now = [100.0]
    waiting = HandOver(clock=lambda: now[0])
    waiting.begin()

    answers = []
    for _ in range(3):
        answers.append(waiting.is_over())
        now[0] += LONGEST_SECONDS / 2

    assert answers == [False, False, True]
    assert waiting.is_over()


def test_the_time_begins_when_redis_is_back(no_redis: None, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(request_redis, "breaker", Breaker(clock=lambda: now[0]))
    waiting = HandOver(clock=lambda: now[0])
    waiting.begin()

    answers: list[Any] = []
    for _ in range(4):
        answers.append(waiting.is_over())
        now[0] += LONGEST_SECONDS - 1

    assert answers == [False] * 4


def test_nobody_waits_while_nothing_went_wrong(alice: Person, redis_client: redis.Redis) -> None:
    alice.posted()

    assert outbox.hand_over.is_over()
    assert not redis_client.exists(wire.BEHIND)
    assert numbers(redis_client) == [1]
