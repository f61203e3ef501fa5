"""Each socket process's counts per thread, in one Redis hash a thread."""

import os
import secrets
import socket
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from comments.events.redis_clients import command_client
from comments.events.wire import SOCKETS, typists_set

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
        sockets it has over all threads. Among those who type are those who have no socket to say so."""
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
            _ask_sums(pipeline, key, now)
        sums = _sums(pipeline.execute(), now)
        return {key: Counts(readers, typing) for key, (readers, typing, _) in zip(own, sums, strict=True)}

    def forget(self, keys: Collection[str]) -> None:
        """Takes this process's counts back."""
        self.exchange({key: Counts(0, 0) for key in keys})
        self._client.hdel(SOCKETS, self._shown_process)


def typing_in(client: Any, keys: Sequence[str]) -> list[tuple[int, int]]:
    """How many type in each of the threads, and how many of those have no socket to say so; `client` is a
    command client. Raises redis.RedisError."""
    now = int(time.time())
    pipeline = client.pipeline(transaction=False)
    for key in keys:
        _ask_sums(pipeline, key, now)
    return [(typing, without_socket) for _, typing, without_socket in _sums(pipeline.execute(), now)]


def _ask_sums(pipeline: Any, key: str, now: int) -> None:
    pipeline.hvals(presence_hash(key))
    pipeline.zrangebyscore(typists_set(key), f"({now}", "inf")


def _sums(answers: Sequence[Any], now: int) -> Iterator[tuple[int, int, int]]:
    """Readers, those who type, and those of them without a socket, of each thread that was asked for."""
    lists = iter([answer for answer in answers if isinstance(answer, list)])
    for values, typists in zip(lists, lists, strict=True):
        counts = sum_counts(values, now)
        yield counts.readers, counts.typing + len(typists), len(typists)


def sum_counts(values: Collection[str], now: float) -> Counts:
    """All processes together, from the values of a presence hash; `now` in Unix seconds."""
    readers = typing = 0
    for value in values:
        process_readers, process_typing, until = (int(part) for part in value.split())
        if until > now:
            readers += process_readers
            typing += process_typing
    return Counts(readers, typing)
