"""Each socket process's counts per thread, in one Redis hash a thread."""

import os
import secrets
import socket
import time
from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

from comments.events.redis_clients import command_client
from comments.events.wire import SOCKETS

COUNT_SECONDS: Final = 60  # two missed 25 s heartbeats, plus slack; then a killed process no longer counts


def presence_hash(key: str) -> str:
    """The Redis hash of a thread's counts.

    A field is one process: "readers typing until", `until` in Unix seconds, because Redis 7.0 cannot expire a
    single field.
    """
    return f"kibitz:presence:{key}"


def bucketed(count: int) -> int:
    """The count as readers see it: exact below 20, then two significant digits."""
    if count < 20:
        return count
    step: int = 10 ** (len(str(count)) - 2)
    return round(count / step) * step


class Counts(NamedTuple):
    """Sockets that are open, and of those the ones that type."""

    readers: int
    typing: int


class PresenceStore:
    """Adds up what the processes count; blocks; raises redis.RedisError."""

    def __init__(self, url: str) -> None:
        self._client: Any = command_client(url)
        self._process = secrets.token_hex(8)
        self._shown_process = f"{socket.gethostname()}-{os.getpid()}"

    def exchange(self, own: Mapping[str, Counts], *, sockets: int | None = None) -> dict[str, Counts]:
        """Writes this process's counts and returns everybody's sums, for the same threads; and says how many
        sockets it has over all threads."""
        now = int(time.time())
        pipeline = self._client.pipeline(transaction=False)
        if sockets is not None:
            pipeline.hset(SOCKETS, self._shown_process, f"{sockets} {now + COUNT_SECONDS}")
        for key, counts in own.items():
            name = presence_hash(key)
            if counts.readers:
                pipeline.hset(name, self._process, f"{counts.readers} {counts.typing} {now + COUNT_SECONDS}")
                pipeline.expire(name, COUNT_SECONDS)
            else:
                pipeline.hdel(name, self._process)
            pipeline.hvals(name)
        answers = [answer for answer in pipeline.execute() if isinstance(answer, list)]
        return {key: sum_counts(values, now) for key, values in zip(own, answers, strict=True)}

    def forget(self, keys: Collection[str]) -> None:
        """Takes this process's counts back."""
        self.exchange({key: Counts(0, 0) for key in keys})
        self._client.hdel(SOCKETS, self._shown_process)


def sum_counts(values: Collection[str], now: float) -> Counts:
    """All processes together, from the values of a presence hash; `now` in Unix seconds."""
    readers = typing = 0
    for value in values:
        process_readers, process_typing, until = (int(part) for part in value.split())
        if until > now:
            readers += process_readers
            typing += process_typing
    return Counts(readers, typing)
