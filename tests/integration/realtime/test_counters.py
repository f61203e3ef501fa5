"""What the counters say when formatters are killed at work: what came in is what left and what is there."""

import json
import signal
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import redis

from comments.events.outbox import enqueue
from comments.events.wire import DONE, EventEntry, TotalsEntry
from comments.monitoring.pipeline import read_pipeline
from tests import servers
from tests.contract.carriers import put_away, put_back
from tests.nginx.instances import running_push

pytestmark = pytest.mark.one_database

StartFormatter = Callable[..., Any]
EVENTS = 20_000
TOTALS = 40


THREADS = ["a" * 24 + first + second for first in "ab" for second in "abcdefghijklmnopqrst"]


def add(count: int, *, site: str = "") -> None:
    """Events of forty threads, as requests put them there."""
    enqueue(
        EventEntry(
            number,
            THREADS[number % 40],
            "e1",
            number // 40 + 1,
            f'{{"seq":{number // 40 + 1},"post":{{"html":"hello"}}}}',
            site,
        )
        for number in range(count)
    )


def has_acknowledged(client: redis.Redis, count: int) -> bool:
    return read_pipeline(client).count("acknowledged") >= count


def test_nothing_is_uncounted_when_a_formatter_is_killed_at_work(
    start_formatter: StartFormatter, redis_client: redis.Redis
) -> None:
    add(EVENTS)
    enqueue(TotalsEntry(key, '{"7":{"score":1,"up":1,"down":0}}') for key in THREADS)
    killed = []
    for _ in range(3):
        formatter = start_formatter()
        before = read_pipeline(redis_client).count("acknowledged")
        servers.wait_until(partial(has_acknowledged, redis_client, before + 1), message="it is at work")
        formatter.end(signal.SIGKILL)
        killed.append(read_pipeline(redis_client))
    start_formatter()

    servers.wait_until(
        partial(has_acknowledged, redis_client, EVENTS + TOTALS),
        seconds=60,
        message=lambda: f"everything is finished: {read_pipeline(redis_client)}",
    )
    pipeline = read_pipeline(redis_client)
    assert [at_death.surplus() for at_death in [*killed, pipeline]] == [0, 0, 0, 0]
    assert pipeline.count("taken") == pipeline.count("enqueued") + pipeline.count("enqueued_totals")
    assert (pipeline.waiting, pipeline.held, pipeline.count("dead")) == (0, 0, 0)
    assert pipeline.count("redelivered") >= killed[-1].held
    assert pipeline.count("handed") == redis_client.llen(DONE) == EVENTS
    assert pipeline.at_nodes("published") == {"channels": pipeline.count("published")}


def test_each_push_node_counts_what_it_took_and_what_it_missed(
    start_formatter: StartFormatter, redis_client: redis.Redis
) -> None:
    with running_push() as well, running_push() as sick:
        nodes = [
            {"public": f"http://127.0.0.1:{node.port}", "publish": f"unix:{node.publish_socket}"}
            for node in (well, sick)
        ]
        put_away(sick)
        start_formatter(KIBITZ_PUSH_CELLS=json.dumps({"main": {"sites": ["*"], "nodes": nodes}}))
        add(100, site="gazette")
        servers.wait_until(partial(has_acknowledged, redis_client, 100), message="all are published")
        pipeline = read_pipeline(redis_client)
        put_back(sick)

    assert pipeline.at_nodes("published") == {"channels": 100, nodes[0]["publish"]: 100}
    assert pipeline.at_nodes("missed") == {nodes[1]["publish"]: 100}


def test_formatters_tell_how_they_find_the_push_nodes(
    start_formatter: StartFormatter, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_push() as node:
        nodes = [{"public": f"http://127.0.0.1:{node.port}", "publish": f"unix:{node.publish_socket}"}]
        cells = json.dumps({"main": {"sites": ["*"], "nodes": nodes}})
        monkeypatch.setenv("KIBITZ_PUSH_CELLS", cells)

        def state() -> str:
            return read_pipeline(redis_client).nodes[0].state

        before = state()
        start_formatter(KIBITZ_PUSH_CELLS=cells)
        servers.wait_until(lambda: state() == "well", message="it is found well")
        put_away(node)
        add(1, site="gazette")
        servers.wait_until(lambda: state() == "stale", message="it is found stale")
        missed_threads = read_pipeline(redis_client).nodes[0].missed_threads
        put_back(node)
        servers.wait_until(lambda: state() == "well", seconds=20, message="it is found well again")

    assert (before, missed_threads) == ("unknown", 1)
