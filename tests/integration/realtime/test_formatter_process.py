"""Formatter processes over a real Redis, killed and restarted."""

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgpack
import pytest
import redis

from comments.events.wire import (
    COUNTERS,
    DEAD,
    DONE,
    GROUP,
    STREAMS,
    EventEntry,
    counts_channel,
    missed_hash,
    stream_name,
    typed_channel,
    typists_set,
)
from comments.supervision.supervisor import STOP_SECONDS
from tests import servers
from tests.contract.carriers import next_text, put_away, put_back, subscribed
from tests.integration.realtime.conftest import KEY, eventually
from tests.nginx.instances import running_push

pytestmark = pytest.mark.one_database

STREAM = stream_name(0)
StartFormatter = Callable[..., Any]


class Subscriber:
    """Everything that a socket process would get."""

    def __init__(self, url: str) -> None:
        self._client: Any = redis.Redis.from_url(url)
        self._pubsub = self._client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        self._pubsub.subscribe("asgi__group__live")
        self._pubsub.get_message(timeout=10)
        self.frames: list[str] = []

    def has(self, part: str) -> bool:
        while (message := self._pubsub.get_message(timeout=0)) is not None:
            self.frames.append(msgpack.unpackb(message["data"])["frame"])
        return any(part in frame for frame in self.frames)

    def close(self) -> None:
        self._pubsub.close()
        self._client.close()


@pytest.fixture
def subscriber(redis_url: str) -> Iterator[Subscriber]:
    subscriber = Subscriber(redis_url)
    yield subscriber
    subscriber.close()


def counter(client: Any, stage: str) -> int:
    return int(client.hget(COUNTERS, stage) or 0)


def test_it_carries_events_from_the_stream_to_the_readers(
    start_formatter: StartFormatter, events: Any, subscriber: Subscriber, redis_client: Any
) -> None:
    events.add(1, 3)

    start_formatter()

    servers.wait_until(
        lambda: subscriber.has('"first":1,"last":3'), message="a frame with the events arrives"
    )
    servers.wait_until(lambda: redis_client.llen(DONE) == 3, message="their rows are told done")
    assert redis_client.lrange(DONE, 0, -1) == ["1 e1", "2 e1", "3 e1"]
    assert redis_client.xlen(STREAM) == 0
    assert counter(redis_client, "acknowledged") == 3


async def test_with_push_cells_it_carries_them_to_the_push_nodes_too(
    start_formatter: StartFormatter, events: Any, subscriber: Subscriber, redis_client: Any
) -> None:
    with running_push() as node:
        nodes = [{"public": f"http://127.0.0.1:{node.port}", "publish": f"unix:{node.publish_socket}"}]
        connection = await subscribed(node, KEY)
        start_formatter(KIBITZ_PUSH_CELLS=json.dumps({"main": {"sites": ["*"], "nodes": nodes}}))

        await asyncio.to_thread(events.add, 1, 3)

        frame = json.loads(await next_text(connection))
        assert (frame["first"], frame["events"][0]["seq"]) == (1, 1)
        await eventually(lambda: subscriber.has('"first":1'), message="the Channels sockets get them too")
        await eventually(lambda: redis_client.llen(DONE) == 3, message="their rows are told done")
        await connection.close()


async def test_readers_of_push_nodes_see_that_somebody_types_and_stops(
    start_formatter: StartFormatter, redis_client: Any
) -> None:
    with running_push() as node:
        nodes = [{"public": f"http://127.0.0.1:{node.port}", "publish": f"unix:{node.publish_socket}"}]
        connection = await subscribed(node, KEY)
        start_formatter(KIBITZ_PUSH_CELLS=json.dumps({"main": {"sites": ["*"], "nodes": nodes}}))
        await eventually(
            lambda: redis_client.pubsub_numsub(typed_channel(0))[0][1], message="the formatter listens"
        )

        redis_client.zadd(typists_set(KEY), {"somebody": time.time() + 1})
        redis_client.publish(typed_channel(0), f"{KEY} blog")

        assert [await next_text(connection), await next_text(connection)] == ['{"typing":1}', '{"typing":0}']
        await connection.close()


async def test_pages_that_only_count_hear_of_new_posts_from_push_nodes(
    start_formatter: StartFormatter, redis_client: Any
) -> None:
    channel = counts_channel("blog")
    with running_push() as node:
        nodes = [{"public": f"http://127.0.0.1:{node.port}", "publish": f"unix:{node.publish_socket}"}]
        connection = await subscribed(node, channel)
        start_formatter(KIBITZ_PUSH_CELLS=json.dumps({"main": {"sites": ["*"], "nodes": nodes}}))
        data = '{"seq":4,"type":"post.created","posts":3,"post":{"html":"hello"}}'

        redis_client.xadd(STREAM, EventEntry(1, KEY, "e1", 4, data, "blog").fields())

        told = json.loads(await next_text(connection))
        assert told == {"counts": {KEY: 3}, "heads": {KEY: {"epoch": "e1", "seq": 4}}}
        await connection.close()


async def test_while_a_push_node_is_away_events_go_on_and_it_hears_of_them_later(
    start_formatter: StartFormatter, events: Any, redis_client: Any
) -> None:
    with running_push() as node:
        nodes = [{"public": f"http://127.0.0.1:{node.port}", "publish": f"unix:{node.publish_socket}"}]
        cells = json.dumps({"main": {"sites": ["*"], "nodes": nodes}})
        connection = await subscribed(node, KEY)
        put_away(node)  # its readers stay
        first = start_formatter(KIBITZ_PUSH_CELLS=cells)
        await asyncio.to_thread(events.add, 1, 3)
        await eventually(lambda: redis_client.llen(DONE) == 3, message="nobody waits for the node")
        first.end(signal.SIGKILL)

        put_back(node)
        start_formatter(KIBITZ_PUSH_CELLS=cells)

        frame = json.loads(await next_text(connection))
        assert frame["head"] == 3
        await connection.close()


def test_told_to_end_while_a_push_node_hangs_it_ends_in_time(
    start_formatter: StartFormatter, events: Any, redis_client: Any, tmp_path: Path
) -> None:
    path = tmp_path / "push.sock"
    redis_client.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    with socket.socket(socket.AF_UNIX) as hung:  # takes connections, and never answers
        hung.bind(str(path))
        hung.listen(64)
        nodes = [{"public": "http://127.0.0.1:1", "publish": f"unix:{path}"}]
        formatter = start_formatter(KIBITZ_PUSH_CELLS=json.dumps({"main": {"sites": ["*"], "nodes": nodes}}))
        events.add(1, 3)
        servers.wait_until(lambda: redis_client.xpending(STREAM, GROUP)["pending"], message="they are read")

        began = time.monotonic()
        status = formatter.end(signal.SIGTERM)

    assert status == 0
    assert time.monotonic() - began < STOP_SECONDS
    assert redis_client.hgetall(missed_hash(f"unix:{path}")) == {KEY: "e1 3"}
    assert redis_client.xlen(STREAM) == 0


def test_a_wrong_cell_is_refused_in_one_line(start_formatter: StartFormatter) -> None:
    formatter = start_formatter(KIBITZ_PUSH_CELLS="[]")

    status, errors = formatter.result()

    assert status == 2
    assert errors.strip().count("\n") == 0
    assert "KIBITZ_PUSH_CELLS" in errors


def test_it_announces_the_head_again_after_three_seconds_of_quiet(
    start_formatter: StartFormatter, events: Any, subscriber: Subscriber
) -> None:
    start_formatter()

    events.add(1, 2)

    servers.wait_until(lambda: subscriber.has('{"head":2,"epoch":"e1"}'), message="the head is announced")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_drains_on_a_signal_and_leaves_with_status_0(
    start_formatter: StartFormatter, events: Any, redis_client: Any, number: signal.Signals
) -> None:
    formatter = start_formatter()
    events.add(1, 5000)
    servers.wait_until(lambda: counter(redis_client, "acknowledged") > 0, message="it is at work")

    assert formatter.end(number) == 0

    assert redis_client.xpending(STREAM, GROUP)["pending"] == 0
    assert counter(redis_client, "acknowledged") == 5000 - redis_client.xlen(STREAM)


def test_what_a_killed_formatter_held_is_published_by_another(
    start_formatter: StartFormatter, events: Any, subscriber: Subscriber, redis_client: Any
) -> None:
    events.add(1, 2)
    redis_client.xgroup_create(STREAM, GROUP, id="0")
    redis_client.sadd(STREAMS, STREAM)
    # Delivered a minute ago, and killed before anything was done with it.
    [[_, delivered]] = redis_client.xreadgroup(GROUP, "killed", {STREAM: ">"})
    entry_ids = [entry_id for entry_id, _ in delivered]
    redis_client.xclaim(STREAM, GROUP, "killed", 0, entry_ids, idle=60_000, justid=True)
    start_formatter(index=1)

    servers.wait_until(
        lambda: subscriber.has('"first":1,"last":2'),
        seconds=30,
        message="another formatter claims the entries",
    )
    servers.wait_until(lambda: redis_client.llen(DONE) == 2, message="and finishes them")


def test_nothing_is_lost_when_a_formatter_is_killed_at_work(
    start_formatter: StartFormatter, events: Any, redis_client: Any
) -> None:
    formatter = start_formatter()
    events.add(1, 20_000)
    servers.wait_until(lambda: counter(redis_client, "acknowledged") > 0, message="it is at work")

    formatter.end(signal.SIGKILL)
    start_formatter()

    servers.wait_until(
        lambda: len(set(redis_client.lrange(DONE, 0, -1))) == 20_000,
        seconds=40,
        message="every event is done",
    )
    servers.wait_until(lambda: redis_client.xlen(STREAM) == 0, message="and the stream is empty")


def test_events_of_a_stream_without_a_formatter_are_adopted(
    start_formatter: StartFormatter, subscriber: Subscriber, redis_client: Any
) -> None:
    fields = {"kind": "event", "id": 1, "key": "a" * 26, "epoch": "e", "seq": 2, "data": "{}"}
    redis_client.xadd(stream_name(5), fields, id="1000-1")  # the id says when: long ago
    redis_client.sadd(STREAMS, stream_name(5))

    start_formatter()

    servers.wait_until(lambda: subscriber.has('"last":2'), seconds=30, message="the orphaned events arrive")


def test_it_outlives_flushall_and_a_restart_of_redis(start_formatter: StartFormatter) -> None:
    with servers.redis_server() as (server, url):
        formatter = start_formatter(REDIS_URL=url)
        client: Any = redis.Redis.from_url(url, decode_responses=True)
        servers.wait_until(lambda: client.smembers(STREAMS) == {STREAM}, message="it has joined")

        client.flushall()
        client.xadd(STREAM, {"kind": "event", "id": 1, "key": "a" * 26, "epoch": "e", "seq": 1, "data": "{}"})
        servers.wait_until(lambda: client.lrange(DONE, 0, -1) == ["1 e"], message="it goes on after FLUSHALL")

        server.kill()
        server.start()
        client.xadd(STREAM, {"kind": "event", "id": 2, "key": "a" * 26, "epoch": "e", "seq": 2, "data": "{}"})
        servers.wait_until(
            lambda: client.lrange(DONE, 0, -1) == ["2 e"], message="it goes on after a restart"
        )

        server.kill()
        os.kill(formatter.pid, 0)
        assert formatter.end() == 0
        client.close()


def test_a_malformed_entry_holds_up_nothing_and_ends_in_the_dead_letters(
    start_formatter: StartFormatter, events: Any, subscriber: Subscriber, redis_client: Any
) -> None:
    redis_client.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    entry_id = redis_client.xadd(STREAM, {"nonsense": "1"})
    redis_client.xreadgroup(GROUP, "earlier", {STREAM: ">"})
    # Five deliveries, the last one long ago: the formatter's first claim finds it spent.
    redis_client.execute_command(
        "XCLAIM", STREAM, GROUP, "earlier", 0, entry_id, "IDLE", 60_000, "RETRYCOUNT", 5
    )
    events.add(1, 1)

    start_formatter()

    servers.wait_until(lambda: subscriber.has('"last":1'), message="the other event arrives")
    servers.wait_until(lambda: redis_client.xlen(DEAD) == 1, message="the malformed entry is dead")
    assert redis_client.xrange(DEAD)[0][1]["nonsense"] == "1"


def test_a_wrong_index_is_refused_in_one_line(start_formatter: StartFormatter) -> None:
    formatter = start_formatter(index="one")

    status, errors = formatter.result()

    assert status == 2
    assert errors.strip().count("\n") == 0
    assert "KIBITZ_FORMATTER_INDEX" in errors
