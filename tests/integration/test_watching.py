"""What those who watch a running Kibitz are told: the counters' beginning, rates, and /metrics."""

import json
import threading
from typing import Any

import pytest
import redis
from django.test import Client
from django.utils import timezone

from comments.events import wire
from comments.events.sweeper import Sweeper
from comments.monitoring.pipeline import read_pipeline
from comments.monitoring.queries import COUNT_AGAIN_SECONDS, Accepted, Remembered
from comments.monitoring.watch import SAMPLES_KEPT, Watch
from tests.cast import Person
from tests.streams import STREAM

pytestmark = pytest.mark.django_db


class Clock:
    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def metrics() -> list[str]:
    return Client().get("/metrics").content.decode().splitlines()


def test_counting_begins_with_what_there_is(alice: Person, redis_client: redis.Redis) -> None:
    alice.posted()
    redis_client.hset(wire.COUNTERS, mapping={"enqueued": 7, "acknowledged": 5})
    redis_client.xadd(STREAM, {"kind": "totals"})
    redis_client.rpush(wire.DONE, "1 e1", "2 e1")

    Watch(redis_client, clock=Clock(1000.0))()

    told: Any = redis_client.hgetall(wire.COUNTERS)
    began = {name.removeprefix("began:"): value for name, value in told.items() if name.startswith("began:")}
    assert began == {
        "at": "1000",
        "enqueued": "7",
        "acknowledged": "5",
        "length": "1",
        "to_mark": "2",
        "accepted": "1",
        "written": "1",
    }


def test_counting_begins_once(alice: Person, redis_client: redis.Redis) -> None:
    Watch(redis_client, clock=Clock(1000.0))()
    alice.posted()

    Watch(redis_client, clock=Clock(2000.0))()

    assert redis_client.hmget(wire.COUNTERS, "began:at", "began:written") == ["1000", "0"]


def test_a_beginning_that_the_database_cut_short_is_made_anew(redis_client: redis.Redis) -> None:
    def away() -> Accepted:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        Watch(redis_client, clock=Clock(1000.0), count=away)()
    redis_client.hset(wire.COUNTERS, "enqueued", 3)

    Watch(redis_client, clock=Clock(2000.0), count=lambda: Accepted(0, 0))()

    assert redis_client.hmget(wire.COUNTERS, "began:at", "began:enqueued") == ["2000", "3"]


def test_the_sweeper_watches_in_every_round(redis_client: redis.Redis) -> None:
    Sweeper(redis_client, watch=Watch(redis_client, clock=Clock(1000.0))).sweep(timezone.now())

    assert redis_client.get(wire.SWEEPER) == "1000.000"


def test_rates_are_those_of_the_last_minute(redis_client: redis.Redis) -> None:
    now = read_pipeline(redis_client).now
    clock = Clock(now - 200)
    watch = Watch(redis_client, clock=clock, count=lambda: Accepted(0, 0))
    for ago, enqueued in ((200, 0), (30, 100), (20, 200), (10, 250)):
        clock.now = now - ago
        redis_client.hset(wire.COUNTERS, "enqueued", enqueued)
        watch()
    redis_client.hset(wire.COUNTERS, "enqueued", 400)

    assert read_pipeline(redis_client).rate("enqueued") == pytest.approx(10, rel=0.1)


def test_samples_are_few_and_sockets_of_processes_that_are_gone_are_forgotten(
    redis_client: redis.Redis,
) -> None:
    clock = Clock(1000.0)
    watch = Watch(redis_client, clock=clock, count=lambda: Accepted(0, 0))
    redis_client.hset(wire.SOCKETS, mapping={"gone-1": "5 999", "here-2": f"7 {10**10}"})

    for _ in range(2 * SAMPLES_KEPT):
        clock.now += 10
        watch()

    assert redis_client.llen(wire.SAMPLES) == SAMPLES_KEPT
    assert read_pipeline(redis_client).sockets == {"here-2": 7}


def test_without_a_minute_behind_it_there_is_no_rate(redis_client: redis.Redis) -> None:
    assert read_pipeline(redis_client).rate("enqueued") is None


def test_metrics_tell_what_the_database_and_redis_know(
    alice: Person, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice.posted()
    monkeypatch.setattr("comments.monitoring.api.accepted", Remembered())
    node = {"public": "https://push.example.org", "publish": "http://10.0.0.5:9081"}
    monkeypatch.setenv("KIBITZ_PUSH_CELLS", json.dumps({"main": {"sites": ["*"], "nodes": [node]}}))
    now = int(read_pipeline(redis_client).now)
    redis_client.hset(
        wire.COUNTERS,
        mapping={
            "acknowledged": 4,
            "dead": 1,
            wire.at_node("published", "channels"): 4,
            wire.at_node("missed", node["publish"]): 2,
        },
    )
    redis_client.hset(wire.NODES, node["publish"], now)
    redis_client.hset(wire.missed_hash(node["publish"]), "k" * 26, "e 2")
    redis_client.hset(wire.SOCKETS, "host-1", f"12 {now + 60}")
    redis_client.xadd(STREAM, {"kind": "totals"})
    redis_client.xgroup_create(STREAM, wire.GROUP, id="0")
    redis_client.xreadgroup(wire.GROUP, "one", {STREAM: ">"})
    Watch(redis_client)()

    lines = metrics()

    for line in (
        'kibitz_stage_total{stage="accepted"} 1.0',
        'kibitz_stage_total{stage="written"} 1.0',
        'kibitz_stage_total{stage="acknowledged"} 4.0',
        'kibitz_stage_total{stage="taken"} 6.0',
        'kibitz_queue_length{stream="kibitz:events:0"} 1.0',
        'kibitz_queue_held{stream="kibitz:events:0"} 1.0',
        'kibitz_node_published_total{node="channels"} 4.0',
        'kibitz_node_missed_total{node="http://10.0.0.5:9081"} 2.0',
        'kibitz_node_up{node="http://10.0.0.5:9081"} 1.0',
        'kibitz_node_missed_threads{node="http://10.0.0.5:9081"} 1.0',
        'kibitz_sockets{process="host-1"} 12.0',
        "kibitz_events_to_mark 0.0",
    ):
        assert line in lines
    assert any(line.startswith("kibitz_counting_since_timestamp_seconds") for line in lines)
    assert any(line.startswith("kibitz_sweeper_round_timestamp_seconds") for line in lines)
    assert not any("began" in line for line in lines)


def test_without_redis_metrics_still_tell_what_was_written(
    alice: Person, monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    alice.posted()
    monkeypatch.setattr("comments.monitoring.api.accepted", Remembered())
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{free_port}/0")

    lines = metrics()

    assert 'kibitz_stage_total{stage="written"} 1.0' in lines
    assert "kibitz_redis_up 0.0" in lines


@pytest.mark.one_database
@pytest.mark.parametrize(("counting", "remembered"), [(0.0, COUNT_AGAIN_SECONDS), (0.5, 50.0)])
def test_posts_are_counted_the_more_seldom_the_longer_it_takes(counting: float, remembered: float) -> None:
    clock = Clock()
    rounds = 0

    def count() -> Accepted:
        nonlocal rounds
        rounds += 1
        clock.now += counting
        return Accepted(rounds, rounds)

    accepted = Remembered(count, clock=clock)
    first = accepted()
    clock.now += remembered - 0.1
    second = accepted()
    clock.now += 0.1
    third = accepted()

    assert [first.posts, second.posts, third.posts] == [1, 1, 2]


@pytest.mark.one_database
def test_only_one_counts_at_a_time() -> None:
    started, go_on = threading.Event(), threading.Event()
    rounds = []

    def count() -> Accepted:
        rounds.append(1)
        started.set()
        assert go_on.wait(10)
        return Accepted(1, 1)

    accepted = Remembered(count)
    askers = [threading.Thread(target=accepted) for _ in range(3)]
    for asker in askers:
        asker.start()
    assert started.wait(10)
    go_on.set()
    for asker in askers:
        asker.join()

    assert rounds == [1]
