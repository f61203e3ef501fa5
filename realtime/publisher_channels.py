"""Publishes frames to Channels' sockets, in the wire format of channels-redis's pub/sub layer."""

import time
from collections.abc import Sequence
from itertools import islice
from typing import Final

import redis

from comments.events.live_group import publishing
from comments.events.redis_clients import KeptConnection
from comments.events.wire import at_node
from realtime.presence_store import presence_hash, sum_counts
from realtime.publisher import Frame, Published, PublishFailed

BUSY_SECONDS: Final = 2.0
MAX_BUSY: Final = 10_000
SECONDS_PER_DELIVERY: Final = 60e-6  # of a core, to one socket (loadtest/results/2026-11-22.md)


class ChannelsPublisher:
    """The Publisher over Redis pub/sub: one round trip a call, safe to share between threads."""

    def __init__(self, url: str) -> None:
        self._connection = KeptConnection(url)
        self._published_at: dict[str, float] = {}

    def publish(self, frames: Sequence[Frame]) -> Published:
        """See Publisher; blocks for 2 s at most."""
        counted = self._busy_threads(frames)
        try:
            answers = self._connection.send(
                *(publishing(frame.key, frame.text) for frame in frames),
                *(("HVALS", presence_hash(key)) for key in counted),
                raise_on_error=False,
            )
        except redis.RedisError as error:
            raise PublishFailed(str(error)) from error
        refused = [
            frame for frame, answer in zip(frames, answers, strict=False) if isinstance(answer, Exception)
        ]
        now = time.time()
        readers = {
            key: sum_counts(values, now).readers
            for key, values in zip(counted, answers[len(frames) :], strict=True)
            if isinstance(values, list) and values
        }
        busy = {key: count * SECONDS_PER_DELIVERY for key, count in readers.items()}
        entries = sum(len(frame.entry_ids) for frame in frames if frame not in refused)
        counts = {at_node("published", "channels"): entries} if entries else {}
        return Published(refused, readers, busy, counts)

    def _busy_threads(self, frames: Sequence[Frame]) -> list[str]:
        """Those whose readers are worth counting, which costs a third of a PUBLISH: not their first frame."""
        now = time.monotonic()
        busy = []
        for key in {frame.key: None for frame in frames}:
            if now - self._published_at.pop(key, float("-inf")) < BUSY_SECONDS:
                busy.append(key)
            self._published_at[key] = now
        for key in list(islice(self._published_at, max(0, len(self._published_at) - MAX_BUSY))):
            del self._published_at[key]
        return busy
