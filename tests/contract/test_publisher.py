"""Every Publisher keeps the port's promises; the Channels one does so towards the real channel layer."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import pytest
from channels_redis.pubsub import RedisPubSubChannelLayer

from comments.events.redis_clients import command_client
from comments.events.wire import LIVE_GROUP
from realtime.publisher import Frame, Publisher, PublishFailed
from realtime.publisher_channels import GROUP_CHANNEL, ChannelsPublisher
from tests import servers

KEY = "a" * 26


class MemoryPublisher:
    """The fake, as simple as the contract allows."""

    def __init__(self) -> None:
        self.arrived: list[tuple[str, str]] = []
        self.is_away = False

    def publish(self, frames: Sequence[Frame]) -> list[Frame]:
        if self.is_away:
            raise PublishFailed("away")
        self.arrived += [(frame.key, frame.text) for frame in frames]
        return []


class Carrier(Protocol):
    """One adapter with its far end."""

    publisher: Publisher

    async def arrived(self, count: int) -> list[tuple[str, str]]: ...
    async def go_away(self) -> None: ...


class MemoryCarrier:
    def __init__(self) -> None:
        self._memory = MemoryPublisher()
        self.publisher: Publisher = self._memory

    async def arrived(self, count: int) -> list[tuple[str, str]]:
        return self._memory.arrived[:count]

    async def go_away(self) -> None:
        self._memory.is_away = True


class ChannelsCarrier:
    """The adapter, and channels-redis's own pub/sub layer, joined to the group as a socket process does."""

    def __init__(self, server: servers.Server, url: str) -> None:
        self._server = server
        self.publisher: Publisher = ChannelsPublisher(url)
        self._layer = RedisPubSubChannelLayer(hosts=[url])
        self._client = command_client(url)
        self._channel = ""

    async def join(self) -> None:
        self._channel = await self._layer.new_channel()
        await self._layer.group_add(LIVE_GROUP, self._channel)
        servers.wait_until(lambda: self._numsub() == 1, message="the layer has subscribed")

    def _numsub(self) -> int:
        return int(self._client.pubsub_numsub(GROUP_CHANNEL)[0][1])

    async def arrived(self, count: int) -> list[tuple[str, str]]:
        frames = []
        for _ in range(count):
            message = await asyncio.wait_for(self._layer.receive(self._channel), 10)
            assert message.keys() == {"type", "key", "frame"}
            assert message["type"] == "live.frame"
            frames.append((message["key"], message["frame"]))
        return frames

    async def go_away(self) -> None:
        await self._layer.flush()
        self._server.kill()

    async def close(self) -> None:
        self._client.close()
        await self._layer.flush()


@pytest.fixture(params=["memory", "channels"])
async def carrier(request: pytest.FixtureRequest) -> AsyncIterator[Carrier]:
    if request.param == "memory":
        yield MemoryCarrier()
        return
    with servers.redis_server() as (server, url):
        channels = ChannelsCarrier(server, url)
        await channels.join()
        yield channels
        await channels.close()


async def test_frames_arrive_in_order_within_a_call_and_across_calls(carrier: Carrier) -> None:
    carrier.publisher.publish([Frame(KEY, '{"head":1}'), Frame("b" * 26, '{"head":2}')])
    carrier.publisher.publish([Frame(KEY, '{"head":3}')])

    assert await carrier.arrived(3) == [(KEY, '{"head":1}'), ("b" * 26, '{"head":2}'), (KEY, '{"head":3}')]


async def test_a_call_that_returns_refuses_nothing_it_delivered(carrier: Carrier) -> None:
    assert carrier.publisher.publish([Frame(KEY, "{}")]) == []


async def test_text_arrives_as_it_was(carrier: Carrier) -> None:
    text = '{"html":"<p>żółć 🦊 \\u0000</p>' + "x" * 70_000 + '"}'

    carrier.publisher.publish([Frame(KEY, text)])

    assert await carrier.arrived(1) == [(KEY, text)]


async def test_nothing_to_publish_is_no_error(carrier: Carrier) -> None:
    assert carrier.publisher.publish([]) == []


async def test_it_says_when_the_carrier_is_away(carrier: Carrier) -> None:
    await carrier.go_away()

    with pytest.raises(PublishFailed):
        carrier.publisher.publish([Frame(KEY, "{}")])
