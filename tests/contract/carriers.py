"""Every adapter of the Publisher port, each with its real far end."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from signal import SIGKILL
from typing import Any, Protocol

import websockets
from channels_redis.pubsub import RedisPubSubChannelLayer

from comments.cells import Cell, PushNode
from comments.events.live_group import GROUP_CHANNEL
from comments.events.redis_clients import command_client
from comments.events.wire import LIVE_GROUP
from realtime.missed import Missed
from realtime.presence_store import Counts, PresenceStore
from realtime.publisher import Frame, Published, Publisher, PublishFailed
from realtime.publisher_channels import ChannelsPublisher
from realtime.publisher_nchan import NchanPublisher
from tests import servers
from tests.nginx.instances import Push, live_path, running_push

KEY = "a" * 26
OTHER_KEY = "b" * 26
SECONDS = 10


class Carrier(Protocol):
    """One adapter with its far end; somebody reads KEY and OTHER_KEY."""

    publisher: Publisher

    async def arrived(self, key: str, count: int) -> list[str]:
        """The next `count` frames of a thread."""
        ...

    async def have_readers(self, key: str, count: int) -> None: ...
    async def go_away(self) -> None: ...


class MemoryCarrier:
    """The fake, as simple as the contract allows."""

    def __init__(self) -> None:
        self.publisher: Publisher = self
        self._frames: list[Frame] = []
        self._readers: dict[str, int] = {}
        self._is_away = False

    def publish(self, frames: Sequence[Frame]) -> Published:
        if self._is_away:
            raise PublishFailed("away")
        self._frames += frames
        return Published([], self._readers, dict.fromkeys(self._readers, 0.001))

    async def arrived(self, key: str, count: int) -> list[str]:
        texts = [frame.text for frame in self._frames if frame.key == key][:count]
        self._frames = [frame for frame in self._frames if frame.key != key]
        return texts

    async def have_readers(self, key: str, count: int) -> None:
        self._readers[key] = count

    async def go_away(self) -> None:
        self._is_away = True


class ChannelsCarrier:
    """The adapter, and channels-redis's own pub/sub layer, joined to the group as a socket process does."""

    def __init__(self, server: servers.Server, url: str) -> None:
        self.publisher: Publisher = ChannelsPublisher(url)
        self._server = server
        self._layer = RedisPubSubChannelLayer(hosts=[url])
        self._client = command_client(url)
        self._presence = PresenceStore(url)
        self._channel = ""
        self._frames: list[tuple[str, str]] = []

    async def join(self) -> None:
        self._channel = await self._layer.new_channel()
        await self._layer.group_add(LIVE_GROUP, self._channel)
        servers.wait_until(lambda: self._numsub() == 1, message="the layer has subscribed")

    async def arrived(self, key: str, count: int) -> list[str]:
        while len(texts := [text for of, text in self._frames if of == key]) < count:
            message = await asyncio.wait_for(self._layer.receive(self._channel), SECONDS)
            assert message.keys() == {"type", "key", "frame"}
            assert message["type"] == "live.frame"
            self._frames.append((message["key"], message["frame"]))
        self._frames = [frame for frame in self._frames if frame[0] != key]
        return texts

    async def have_readers(self, key: str, count: int) -> None:
        self._presence.exchange({key: Counts(count, 0)})

    async def go_away(self) -> None:
        await self._layer.flush()
        self._server.kill()

    async def close(self) -> None:
        self._client.close()
        await self._layer.flush()

    def _numsub(self) -> int:
        return int(self._client.pubsub_numsub(GROUP_CHANNEL)[0][1])


class NchanCarrier:
    """The adapter, and sockets of a push node that runs the configuration of a deployment."""

    def __init__(self, server: servers.Server, url: str, node: Push) -> None:
        self._server = server
        self._node = node
        self._nchan = NchanPublisher(cells(main=[node]), Missed(url))
        self.publisher: Publisher = self._nchan
        self._sockets: dict[str, list[Any]] = {KEY: [], OTHER_KEY: []}

    async def join(self, key: str) -> None:
        self._sockets[key].append(await subscribed(self._node, key))

    async def arrived(self, key: str, count: int) -> list[str]:
        return [await next_text(self._sockets[key][0]) for _ in range(count)]

    async def have_readers(self, key: str, count: int) -> None:
        while len(self._sockets[key]) < count:
            await self.join(key)

    async def go_away(self) -> None:
        kill(self._node)
        self._server.kill()  # where Redis is there, a node that is away is no failure

    async def close(self) -> None:
        for socket in [socket for sockets in self._sockets.values() for socket in sockets]:
            await socket.close()
        self._nchan.close()


def cells(**nodes: list[Push]) -> tuple[Cell, ...]:
    """`cells(name=[node])`: a cell for the site of that name; "main" is for all others."""
    return tuple(
        Cell(name, ("*" if name == "main" else name,), tuple(push_node(node) for node in named))
        for name, named in nodes.items()
    )


def push_node(node: Push) -> PushNode:
    return PushNode(f"http://127.0.0.1:{node.port}", f"unix:{node.publish_socket}")


async def subscribed(node: Push, key: str) -> Any:
    """A WebSocket that the node delivers to: it answers the handshake a moment before it does."""
    connection = await websockets.connect(f"ws://127.0.0.1:{node.port}{live_path(key)}", max_size=None)
    for number in itertools.count():
        probe = f'{{"probe":{number}}}'
        await asyncio.to_thread(node.publish, probe, key=key)
        with suppress(TimeoutError):
            while await asyncio.wait_for(connection.recv(), 0.5) != probe:
                pass
            break
    return connection


def kill(node: Push) -> None:
    """Ends the master and its workers at once, which would outlive it."""
    workers = node.worker_pids()
    node.server.kill()
    for pid in workers:
        os.kill(pid, SIGKILL)
    servers.wait_until(
        lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), message="its workers are gone"
    )


def put_away(node: Push) -> None:
    """Its readers stay, its publishers cannot reach it."""
    path = Path(node.publish_socket)
    path.rename(path.with_suffix(".away"))


def put_back(node: Push) -> None:
    path = Path(node.publish_socket)
    path.with_suffix(".away").rename(path)


async def next_text(socket: Any) -> str:
    return str(await asyncio.wait_for(socket.recv(), SECONDS))


@asynccontextmanager
async def carrier_named(name: str) -> AsyncIterator[Carrier]:
    """memory, channels or nchan."""
    if name == "memory":
        yield MemoryCarrier()
        return
    with servers.redis_server() as (server, url):
        if name == "channels":
            channels = ChannelsCarrier(server, url)
            await channels.join()
            try:
                yield channels
            finally:
                await channels.close()
            return
        with running_push() as node:
            nchan = NchanCarrier(server, url, node)
            await nchan.join(KEY)
            await nchan.join(OTHER_KEY)
            try:
                yield nchan
            finally:
                await nchan.close()
