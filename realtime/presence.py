"""How many read a thread and how many type: approximate, summed over the socket processes through Redis."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from functools import partial
from typing import Final

import redis

from realtime.mailbox import Mailbox
from realtime.presence_store import Counts, PresenceStore, bucketed
from realtime.publisher import Frame, PublishFailed
from realtime.publisher_channels import ChannelsPublisher

TICK_SECONDS: Final = 1.0
READERS_EVERY_SECONDS: Final = 2.0  # a busy thread's count changes with every reader
HEARTBEAT_SECONDS: Final = 25.0  # below the 30 s after which phone networks drop a silent connection
TYPING_SECONDS: Final = 5.0
TYPING_EVERY_SECONDS: Final = 1.0  # what a client may send more often is ignored

logger = logging.getLogger(__name__)


class _Shown:
    """What a thread's readers were last shown, and when."""

    __slots__ = ("readers", "readers_at", "typing")

    def __init__(self) -> None:
        self.readers: int | None = None
        self.readers_at = float("-inf")
        self.typing = 0


class Presence:
    """Counts this process's sockets per thread and keeps every reader told of the sum.

    A thread without sockets costs nothing here and is forgotten in Redis after a minute. When Redis is away
    the counts stand still; delivery does not depend on them.
    """

    def __init__(
        self,
        url: str,
        threads: Mapping[str, Collection[Mailbox]],
        deliver: Callable[[str, str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = PresenceStore(url)
        self._publisher = ChannelsPublisher(url)
        self._threads = threads
        self._deliver = deliver
        self._clock = clock
        self._typing: dict[str, dict[Mailbox, float]] = {}
        self._typed_at: dict[Mailbox, float] = {}
        self._shown: dict[str, _Shown] = {}
        self._changed: set[str] = set()
        self._heartbeat_at = clock() + HEARTBEAT_SECONDS
        self._wake = asyncio.Event()

    def joined(self, mailbox: Mailbox) -> None:
        """A socket opened: it is shown what is known, the others are told in time."""
        shown = self._shown.setdefault(mailbox.key, _Shown())
        here = len(self._threads.get(mailbox.key, ()))
        mailbox.put(_readers_frame(max(shown.readers or 0, bucketed(here))))
        if shown.typing:
            mailbox.put(_typing_frame(shown.typing))
        self._note_change(mailbox.key)

    def left(self, mailbox: Mailbox) -> None:
        """A socket closed."""
        self._typed_at.pop(mailbox, None)
        typists = self._typing.get(mailbox.key, {})
        typists.pop(mailbox, None)
        if not typists:
            self._typing.pop(mailbox.key, None)
        if mailbox.key not in self._threads:
            self._shown.pop(mailbox.key, None)
        self._note_change(mailbox.key)

    def typed(self, mailbox: Mailbox) -> None:
        """A reader says that it is typing; counts for 5 s, at most once a second is listened to."""
        now = self._clock()
        if now - self._typed_at.get(mailbox, float("-inf")) < TYPING_EVERY_SECONDS:
            return
        self._typed_at[mailbox] = now
        self._typing.setdefault(mailbox.key, {})[mailbox] = now + TYPING_SECONDS
        self._note_change(mailbox.key)

    def observe(self, key: str, frame: str) -> None:
        """Takes note of a count that another process published."""
        if not frame.startswith(('{"readers"', '{"typing"')) or key not in self._threads:
            return
        try:
            counts = json.loads(frame)
        except ValueError:
            return
        shown = self._shown.setdefault(key, _Shown())
        shown.typing = counts.get("typing", shown.typing)
        if "readers" in counts:
            shown.readers, shown.readers_at = counts["readers"], self._clock()

    async def run(self) -> None:
        """Exchanges counts while there are any to exchange."""
        while True:
            try:
                await self.tick()
            except (redis.RedisError, PublishFailed) as error:
                logger.debug("presence stands still: %s", error)
            if not self._changed and not self._typing:
                self._wake.clear()
                # Not asyncio.wait_for: in Python 3.11 it swallows a cancellation that comes with the wake-up.
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, self._heartbeat_at - self._clock())):
                        await self._wake.wait()
            else:
                await asyncio.sleep(TICK_SECONDS)

    async def tick(self) -> None:
        """One exchange: tells Redis this process's counts of changed threads, and readers the sums.

        Raises redis.RedisError, PublishFailed; what was not told is told by the next heartbeat at the latest.
        """
        now = self._clock()
        self._expire_typing(now)
        if now >= self._heartbeat_at:
            self._heartbeat_at = now + HEARTBEAT_SECONDS
            for key, counts in (await self._exchange(set(self._threads))).items():
                self._beat(key, counts, now)
        ripe = {key for key in self._changed if self._is_ripe(key, now)}
        if not ripe:
            return
        self._changed -= ripe  # before the exchange: what changes meanwhile is news again
        try:
            sums = await self._exchange(ripe)
        except redis.RedisError:
            self._changed |= ripe
            raise
        frames = [frame for key, counts in sums.items() for frame in self._news(key, counts, now)]
        if frames:
            await asyncio.to_thread(self._publisher.publish, frames)

    async def leave(self) -> None:
        """Takes this process's counts back; best effort, they expire."""
        try:
            await asyncio.to_thread(self._store.forget, self._changed | set(self._shown))
        except redis.RedisError as error:
            logger.debug("presence was not taken back: %s", error)

    def _note_change(self, key: str) -> None:
        self._changed.add(key)
        self._wake.set()

    def _is_ripe(self, key: str, now: float) -> bool:
        shown = self._shown.get(key)
        if shown is None or now - shown.readers_at >= READERS_EVERY_SECONDS:
            return True
        return bool(self._typing.get(key)) != bool(shown.typing)

    def _expire_typing(self, now: float) -> None:
        for key, typists in list(self._typing.items()):
            current = {mailbox: until for mailbox, until in typists.items() if until > now}
            if len(current) != len(typists):
                self._note_change(key)
                if current:
                    self._typing[key] = current
                else:
                    del self._typing[key]

    async def _exchange(self, keys: set[str]) -> dict[str, Counts]:
        """The sums over all processes, this one's counts written first; in a thread, for it blocks."""
        own = {key: Counts(len(self._threads.get(key, ())), len(self._typing.get(key, ()))) for key in keys}
        sockets = sum(map(len, self._threads.values()))
        return await asyncio.to_thread(partial(self._store.exchange, own, sockets=sockets))

    def _news(self, key: str, counts: Counts, now: float) -> list[Frame]:
        shown = self._shown.get(key) or _Shown()
        frames = []
        readers = bucketed(counts.readers)
        if readers and readers != shown.readers:
            shown.readers, shown.readers_at = readers, now
            frames.append(Frame(key, _readers_frame(readers)))
        if counts.typing != shown.typing:
            shown.typing = counts.typing
            frames.append(Frame(key, _typing_frame(counts.typing)))
        return frames

    def _beat(self, key: str, counts: Counts, now: float) -> None:
        shown = self._shown.setdefault(key, _Shown())
        shown.readers, shown.readers_at = bucketed(max(counts.readers, 1)), now
        self._deliver(key, _readers_frame(shown.readers))


def _readers_frame(readers: int) -> str:
    return f'{{"readers":{readers}}}'


def _typing_frame(typing: int) -> str:
    return f'{{"typing":{typing}}}'
