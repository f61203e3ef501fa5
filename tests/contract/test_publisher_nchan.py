"""What the Nchan publisher promises beyond the port: nodes and cells that are away hold up nobody."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from comments.cells import Cell, PushNode
from comments.events.wire import missed_hash
from realtime import node_sender, publisher_nchan
from realtime.missed import Missed
from realtime.publisher import Frame, Published
from realtime.publisher_nchan import NchanPublisher
from tests import servers
from tests.contract.carriers import (
    KEY,
    OTHER_KEY,
    cells,
    kill,
    next_text,
    push_node,
    put_away,
    put_back,
    subscribed,
)
from tests.nginx.instances import Push, running_push

NOWHERE = PushNode("http://127.0.0.1:1", "unix:/nonexistent/publish.sock")
MakePublisher = Callable[[tuple[Cell, ...]], NchanPublisher]


@pytest.fixture
def make_publisher(redis_url: str) -> Iterator[MakePublisher]:
    made: list[NchanPublisher] = []

    def make(of: tuple[Cell, ...]) -> NchanPublisher:
        made.append(NchanPublisher(of, Missed(redis_url)))
        return made[-1]

    yield make
    for publisher in made:
        publisher.close()


@pytest.fixture(scope="module")
def node() -> Iterator[Push]:
    with running_push() as node:
        yield node


def cell_of_nodes(*nodes: PushNode) -> tuple[Cell, ...]:
    return (Cell("main", ("*",), nodes),)


def frame(seq: int, *, key: str = KEY, site: str = "gazette", padding: int = 0) -> Frame:
    text = json.dumps({"epoch": "e", "first": seq, "last": seq, "events": [], "padding": "x" * padding})
    return Frame(key, text, (f"{seq}-0",), site, "e", seq)


def head(seq: int, *, key: str = KEY) -> Frame:
    return Frame(key, f'{{"head":{seq},"epoch":"e"}}', (), "gazette", "e", seq)


@asynccontextmanager
async def reader(node: Push, key: str = KEY) -> AsyncIterator[Any]:
    connection = await subscribed(node, key)
    try:
        yield connection
    finally:
        await connection.close()


@contextmanager
def silent_node(tmp_path: Path) -> Iterator[PushNode]:
    """A node that takes connections and requests and never says a word."""
    path = str(tmp_path / "silent.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        yield PushNode("http://127.0.0.1:1", f"unix:{path}")


def restart(node: Push) -> None:
    kill(node)
    Path(node.publish_socket).unlink()  # nginx refuses a path that is there
    node.server.start()


async def publish(publisher: NchanPublisher, *frames: Frame) -> Published:
    return await asyncio.to_thread(publisher.publish, frames)


async def test_every_node_of_the_cell_gets_every_frame(node: Push, make_publisher: MakePublisher) -> None:
    with running_push() as second:
        publisher = make_publisher(cells(main=[node, second]))
        async with reader(node) as one, reader(second) as other:
            published = await publish(publisher, frame(1))

            assert await next_text(one) == await next_text(other) == frame(1).text
            assert published.readers == {KEY: 2}


async def test_a_site_without_a_cell_has_no_readers_here(node: Push, make_publisher: MakePublisher) -> None:
    publisher = make_publisher(cells(elsewhere=[node]))

    assert publisher.publish([frame(1)]) == Published([], {}, {})


@pytest.mark.parametrize("padding", [10, 20_000])
async def test_small_frames_and_deflated_ones_arrive_as_they_were(
    node: Push, make_publisher: MakePublisher, padding: int
) -> None:
    publisher = make_publisher(cells(main=[node]))
    async with reader(node) as connection:
        await publish(publisher, frame(1, padding=padding))

        assert await next_text(connection) == frame(1, padding=padding).text


async def test_each_of_many_threads_keeps_its_order(node: Push, make_publisher: MakePublisher) -> None:
    publisher = make_publisher(cells(main=[node]))
    others = [letter * 26 for letter in "cdefghijklmnopqrstuvwxyz"]
    async with reader(node) as connection:
        for first in range(1, 200, 2):
            batch = [frame(seq, key=key) for seq in (first, first + 1) for key in [KEY, *others]]
            await publish(publisher, *batch)

        arrived = [json.loads(await next_text(connection))["last"] for _ in range(200)]

    assert arrived == list(range(1, 201))


async def test_frames_say_how_many_read_when_it_changed_and_heads_always(
    node: Push, make_publisher: MakePublisher
) -> None:
    publisher = make_publisher(cells(main=[node]))
    async with reader(node, OTHER_KEY) as connection:
        for sent in (frame(1, key=OTHER_KEY), frame(2, key=OTHER_KEY), frame(3, key=OTHER_KEY)):
            await publish(publisher, sent)
        await publish(publisher, head(3, key=OTHER_KEY))

        frames = [json.loads(await next_text(connection)) for _ in range(4)]

    assert [told.get("readers") for told in frames] == [None, 1, None, 1]
    assert [told.get("last", told.get("head")) for told in frames] == [1, 2, 3, 3]


async def test_a_frame_too_large_for_the_node_is_refused_alone(
    node: Push, make_publisher: MakePublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = make_publisher(cells(main=[node]))
    too_large = frame(1, key=OTHER_KEY, padding=300_000)
    async with reader(node) as connection:
        assert (await publish(publisher, too_large, frame(1))).refused == [too_large]
        assert await next_text(connection) == frame(1).text

        monkeypatch.setattr(publisher_nchan, "MAX_FRAME_BYTES", 1_000_000)  # so that nginx must refuse it
        assert (await publish(publisher, too_large, frame(2), frame(3))).refused == [too_large]
        assert [json.loads(await next_text(connection))["last"] for _ in range(2)] == [2, 3]


async def test_a_node_that_is_away_holds_up_no_other_and_what_it_misses_is_noted(
    node: Push, make_publisher: MakePublisher, redis_client: redis.Redis
) -> None:
    publisher = make_publisher(cell_of_nodes(NOWHERE, push_node(node)))
    async with reader(node) as connection:
        published = [await publish(publisher, frame(seq)) for seq in (1, 2)]

        assert [json.loads(await next_text(connection))["last"] for _ in range(2)] == [1, 2]
    assert [refused for told in published for refused in told.refused] == []
    assert redis_client.hgetall(missed_hash(NOWHERE.publish)) == {KEY: "e 2"}


async def test_a_silent_node_is_waited_for_once(
    node: Push, make_publisher: MakePublisher, redis_client: redis.Redis, tmp_path: Path
) -> None:
    with silent_node(tmp_path) as silent:
        publisher = make_publisher(cell_of_nodes(silent, push_node(node)))
        async with reader(node) as connection:
            await publish(publisher, frame(1))

            started = time.monotonic()
            for seq in range(2, 52):
                await publish(publisher, frame(seq))
            seconds = time.monotonic() - started

            assert [json.loads(await next_text(connection))["last"] for _ in range(51)] == list(range(1, 52))
    assert seconds < 0.2 * 50 * node_sender.LATE_SECONDS
    assert redis_client.hgetall(missed_hash(silent.publish)) == {KEY: "e 51"}


async def test_a_node_for_which_too_much_waits_is_given_up(
    node: Push,
    make_publisher: MakePublisher,
    redis_client: redis.Redis,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(node_sender, "MAX_FRAMES", 40)
    keys = ["c" * 25 + letter for letter in "abcdefghijklmnopqrstuvwxyz234567"]
    with silent_node(tmp_path) as silent:
        publisher = make_publisher(cell_of_nodes(silent, push_node(node)))

        for seq in range(1, 11):
            await publish(publisher, *[frame(seq, key=key) for key in keys], frame(seq))

    missed = redis_client.hgetall(missed_hash(silent.publish))
    assert missed == dict.fromkeys([*keys, KEY], "e 10")
    assert redis_client.hgetall(missed_hash(push_node(node).publish)) == {}


async def test_a_dead_cell_does_not_touch_the_readers_of_another(
    node: Push, make_publisher: MakePublisher, redis_client: redis.Redis
) -> None:
    with running_push() as doomed:
        publisher = make_publisher(cells(daily=[doomed], main=[node]))
        async with reader(node) as connection:
            await publish(publisher, frame(1, key=OTHER_KEY, site="daily"), frame(1))
            kill(doomed)

            for seq in range(2, 30):
                await publish(publisher, frame(seq, key=OTHER_KEY, site="daily"), frame(seq))

            arrived = [json.loads(await next_text(connection))["last"] for _ in range(29)]
            await asyncio.wait_for(await connection.ping(), 10)
        assert arrived == list(range(1, 30))
        assert redis_client.hgetall(missed_hash(push_node(doomed).publish)) == {OTHER_KEY: "e 29"}


async def test_a_node_that_is_back_hears_what_it_missed_even_from_another_process(
    make_publisher: MakePublisher, redis_client: redis.Redis
) -> None:
    with running_push() as node:
        async with reader(node) as connection, reader(node, OTHER_KEY) as other:
            put_away(node)
            first_process = make_publisher(cells(main=[node]))
            await publish(first_process, frame(7), frame(8), frame(3, key=OTHER_KEY))
            first_process.close()

            make_publisher(cells(main=[node]))
            put_back(node)

            assert json.loads(await next_text(connection)) == {"head": 8, "epoch": "e"}
            assert json.loads(await next_text(other)) == {"head": 3, "epoch": "e"}
        missed = missed_hash(push_node(node).publish)
        await asyncio.to_thread(
            servers.wait_until, lambda: not redis_client.exists(missed), message="nothing counts as missed"
        )


async def test_a_node_that_was_restarted_gets_the_next_frame(make_publisher: MakePublisher) -> None:
    with running_push() as node:
        publisher = make_publisher(cells(main=[node]))
        await publish(publisher, frame(1))

        restart(node)

        async with reader(node) as connection:
            await publish(publisher, frame(2))
            assert await next_text(connection) == frame(2).text
