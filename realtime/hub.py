"""One per socket process: one subscription for everybody, and a map from thread to sockets."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Final

from channels_redis.pubsub import RedisPubSubChannelLayer

from comments.env import max_sockets_per_address, redis_url
from comments.events.live_group import FRAME_TYPE
from comments.events.wire import LIVE_GROUP
from realtime.capacity import max_live_connections
from realtime.layer import live_layer
from realtime.mailbox import GOING_AWAY, SUBSCRIPTION_LOST, Mailbox
from realtime.presence import Presence

PROBE_EVERY_SECONDS: Final = 2.0
PROBE_AGAIN_SECONDS: Final = 0.05
PROBE_LIMIT_SECONDS: Final = 5.0  # a round trip through Redis takes 1 ms
JOIN_LIMIT_SECONDS: Final = 2.0  # the first subscription takes 10 ms; Daphne's handshake may take 5 s
BACKOFF_SECONDS: Final = (0.1, 0.2, 0.5, 1.0, 2.0)
PROBE_TYPE: Final = "live.probe"

logger = logging.getLogger(__name__)


class TooManySockets(Exception):
    """The address, or this process, holds as many sockets as it may."""


class NotSubscribed(Exception):
    """Redis is away: a socket opened now would silently miss what is published."""


class SubscriptionLost(Exception):
    """The subscription broke, or did and is back: frames may be missing."""


class Hub:
    """Hands every published frame to the sockets of its thread.

    The process joins the layer's group once, whatever the number of sockets: joining with each costs five
    times the CPU per delivery. When the subscription breaks every socket is closed with 4001, because a frame
    may be missing, and new ones are refused until it is back. Belongs to one event loop; `start` in it.
    """

    def __init__(self, url: str, *, max_sockets_per_address: int = 0, max_sockets: int = 0) -> None:
        self._url = url
        self._max_sockets = max_sockets
        self._max_sockets_per_address = max_sockets_per_address
        self._threads: dict[str, set[Mailbox]] = {}
        self._addresses: Counter[str] = Counter()
        self._sockets = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._subscribed = asyncio.Event()
        self._broken = asyncio.Event()
        self._probe_returned = asyncio.Event()
        self.presence = Presence(url, self._threads, self.deliver)

    def start(self) -> None:
        """Starts the subscription; to be called once, in the event loop that the sockets use."""
        self._tasks = [asyncio.ensure_future(work) for work in (self._stay_subscribed(), self.presence.run())]

    async def stop(self) -> None:
        """Closes every socket with 1001, ends the subscription, takes the readers out of the counts."""
        self._close_all(GOING_AWAY)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.presence.leave()

    async def join(self, key: str, address: str, on_close: Callable[[int], None]) -> Mailbox:
        """A new socket of thread `key`; frames go to the returned mailbox from now on.

        Waits shortly for the process's first subscription. Raises TooManySockets, NotSubscribed.
        """
        if self._has_too_many(address):
            raise TooManySockets
        if not self._subscribed.is_set():
            try:
                async with asyncio.timeout(JOIN_LIMIT_SECONDS):
                    await self._subscribed.wait()
            except TimeoutError:
                raise NotSubscribed from None
            return await self.join(key, address, on_close)
        mailbox = Mailbox(key, address, on_close)
        self._threads.setdefault(key, set()).add(mailbox)
        self._addresses[address] += 1
        self._sockets += 1
        self.presence.joined(mailbox)
        return mailbox

    def leave(self, mailbox: Mailbox) -> None:
        """The socket is gone."""
        mailboxes = self._threads.get(mailbox.key, set())
        if mailbox not in mailboxes:
            return
        mailboxes.remove(mailbox)
        if not mailboxes:
            del self._threads[mailbox.key]
        self._sockets -= 1
        self._addresses[mailbox.address] -= 1
        if not self._addresses[mailbox.address]:
            del self._addresses[mailbox.address]
        self.presence.left(mailbox)

    def deliver(self, key: str, frame: str) -> None:
        """Puts a frame into the mailbox of every socket of the thread."""
        for mailbox in self._threads.get(key, ()):
            mailbox.put(frame)

    def socket_count(self) -> int:
        """How many sockets this process holds."""
        return self._sockets

    def _has_too_many(self, address: str) -> bool:
        if self._max_sockets and self._sockets >= self._max_sockets:
            return True
        return 0 < self._max_sockets_per_address <= self._addresses[address]

    async def _stay_subscribed(self) -> None:
        layer = live_layer(self._url, self._broken.set)
        failures = 0
        while True:
            try:
                await self._subscription(layer)
            except Exception as error:  # noqa: BLE001  whatever the layer lets through means "again"
                if self._subscribed.is_set():
                    failures = 0
                    logger.warning(
                        "live subscription broke, closing %d sockets: %s", self.socket_count(), error
                    )
                elif failures == 0:
                    logger.warning("no live subscription: %s", error)
                failures += 1
            finally:
                self._subscribed.clear()
                self._close_all(SUBSCRIPTION_LOST)
                layer = await self._fresh(layer)
            await asyncio.sleep(BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS)) - 1])

    async def _fresh(self, layer: RedisPubSubChannelLayer) -> RedisPubSubChannelLayer:
        """The layer without its connections, or another where it cannot let go of them."""
        try:
            await layer.flush()
        except Exception as error:  # noqa: BLE001  as above
            logger.debug("the channel layer did not flush: %s", error)
            return live_layer(self._url, self._broken.set)
        return layer

    async def _subscription(self, layer: RedisPubSubChannelLayer) -> None:
        """One subscription, from joining the group until it breaks; never returns, raises."""
        self._broken.clear()
        async with asyncio.timeout(PROBE_LIMIT_SECONDS):
            channel = await layer.new_channel()
            await layer.group_add(LIVE_GROUP, channel)
        parts = [
            asyncio.ensure_future(part)
            for part in (self._receive(layer, channel), self._probe(layer, channel), self._watch())
        ]
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
        finally:
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)

    async def _receive(self, layer: RedisPubSubChannelLayer, channel: str) -> None:
        while True:
            match await layer.receive(channel):
                case {"type": t, "key": str(key), "frame": str(frame)} if t == FRAME_TYPE:
                    self.presence.observe(key, frame)
                    self.deliver(key, frame)
                case {"type": t} if t == PROBE_TYPE:
                    self._probe_returned.set()

    async def _probe(self, layer: RedisPubSubChannelLayer, channel: str) -> None:
        """Sends itself a message through Redis and misses it when the subscription is broken."""
        while True:
            self._probe_returned.clear()
            try:
                async with asyncio.timeout(PROBE_LIMIT_SECONDS):
                    while not self._probe_returned.is_set():
                        await layer.send(channel, {"type": PROBE_TYPE})
                        # Again, because the first may overtake the subscription: they use two connections.
                        with suppress(TimeoutError):
                            async with asyncio.timeout(PROBE_AGAIN_SECONDS):
                                await self._probe_returned.wait()
            except TimeoutError:
                raise SubscriptionLost(f"no answer in {PROBE_LIMIT_SECONDS:.0f} s") from None
            self._subscribed.set()
            await asyncio.sleep(PROBE_EVERY_SECONDS)

    async def _watch(self) -> None:
        await self._broken.wait()
        raise SubscriptionLost("Redis was away")

    def _close_all(self, code: int) -> None:
        for mailbox in [mailbox for mailboxes in self._threads.values() for mailbox in mailboxes]:
            mailbox.close(code)


@cache
def process_hub() -> Hub:
    """The process's hub, started by the first socket: ASGI servers need not speak lifespan."""
    hub = Hub(
        redis_url(),
        max_sockets_per_address=max_sockets_per_address(),
        max_sockets=max_live_connections(),
    )
    hub.start()
    return hub
