"""The counts behind the throttles: in Redis and in the process alike, exact about how long to wait."""

import random
from collections.abc import Callable
from typing import Any

import pytest
import redis

from comments.events import request_redis
from comments.rest import rates
from comments.rest.rates import Counted, OwnCounts, Rate, take_shared

pytestmark = pytest.mark.one_database

MINUTE = Rate(10, 60)
HOUR = Rate(25, 3600)


class Clock:
    seconds = 100_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def own(clock: Clock) -> OwnCounts:
    return OwnCounts(clock=clock)


def take_in_redis_at(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Callable[[list[Counted]], int]:
    """`take_shared` by a clock of the test's: the script as it is, but for whom it asks for the time."""
    asks = "local time = redis.call('TIME')\n"
    assert asks in rates._TAKE
    given = "local time = {tonumber(ARGV[#ARGV - 1]), tonumber(ARGV[#ARGV])}\n"
    script, ask = rates._TAKE.replace(asks, given), request_redis.ask

    def ask_with_time(take: list[str | int], *, raise_on_error: bool) -> list[Any]:
        milliseconds = round(clock.seconds * 1000)
        time = (milliseconds // 1000, milliseconds % 1000 * 1000)
        return ask(("EVAL", script, *take[2:], *time), raise_on_error=raise_on_error)

    monkeypatch.setattr(request_redis, "ask", ask_with_time)
    return take_shared


def test_redis_and_the_process_count_alike(
    own: OwnCounts, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, take = random.Random(7), take_in_redis_at(clock, monkeypatch)
    answers = []

    for _ in range(600):
        clock.seconds += chance.choice([0.0, 0.25, 1.5, 3.0, 45.0, 90.0, 4000.0 * chance.random() ** 8])
        counted = chance.sample([("alice", MINUTE), ("alice", HOUR), ("bob", MINUTE)], chance.randint(1, 3))
        shared, alone = take(counted), own.take(counted)
        assert shared == alone
        answers.append(shared)

    assert 100 < sum(1 for wait in answers if wait) < 500


def test_the_wait_is_neither_too_short_nor_too_long(own: OwnCounts, clock: Clock) -> None:
    chance, waits = random.Random(11), 0

    for _ in range(400):
        clock.seconds += chance.choice([0.0, 0.5, 2.0, 7.0])
        wait = own.take([("alice", MINUTE)])
        if wait:
            clock.seconds += (wait - 2) / 1000
            assert own.take([("alice", MINUTE)]) > 0
            clock.seconds += 2 / 1000
            assert own.take([("alice", MINUTE)]) == 0
            waits += 1

    assert waits > 50


def test_so_many_at_once_and_the_next_waits(own: OwnCounts) -> None:
    answers = [own.take([("alice", MINUTE)]) for _ in range(11)]

    assert answers[:10] == [0] * 10
    assert answers[10] == 60_001


def test_what_one_rate_refuses_is_counted_by_none(own: OwnCounts) -> None:
    alices, sites = ("alice", Rate(1, 60)), ("site", Rate(3, 60))
    own.take([alices, sites])
    refused = [own.take([alices, sites]) for _ in range(5)]

    others = [own.take([(name, Rate(1, 60)), sites]) for name in ("bob", "carol", "dave")]

    assert all(refused)
    assert [bool(wait) for wait in others] == [False, False, True]


def test_of_several_waits_the_longest_is_told(own: OwnCounts) -> None:
    both = [("alice", Rate(1, 60)), ("alice", Rate(1, 3600))]
    own.take(both)

    assert own.take(both) == 3_600_001
    assert own.take(both[::-1]) == 3_600_001


def test_a_limit_that_was_lowered_counts_from_now_on() -> None:
    for _ in range(5):
        take_shared([("site", Rate(10, 60))])

    assert 60_000 < take_shared([("site", Rate(2, 60))]) <= 60_001 + 60_000 * 3 / 5


def test_counts_go_when_they_matter_no_more(redis_client: redis.Redis) -> None:
    take_shared([("alice", MINUTE), ("alice", HOUR)])

    names = sorted(redis_client.scan_iter("kibitz:*"))
    assert names == ["kibitz:rate:alice:3600", "kibitz:rate:alice:60"]
    assert [round(redis_client.pttl(name) / 60_000) for name in names] == [120, 2]


def test_the_process_remembers_only_so_many(own: OwnCounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "OWN_COUNTS_MAX", 3)
    once = Rate(1, 60)

    for name in ("alice", "bob", "carol"):
        own.take([(name, once)])
    own.take([("dave", once)])

    assert len(own._kept) == 3
    assert own.take([("carol", once)]) > 0
    assert own.take([("alice", once)]) == 0
