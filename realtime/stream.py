"""The queue side of Redis Streams: read, acknowledge, take over, give up."""

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import redis

from comments.events.redis_clients import KeptConnection, blocking_client, command_client
from comments.events.wire import (
    COUNTERS,
    DEAD,
    DONE,
    GROUP,
    MAX_DELIVERIES,
    STREAMS,
    done_note,
    parse_done_note,
    parse_entry,
    stream_name,
)

BLOCK_SECONDS: Final = 1.0  # how long a stop signal may wait for the blocking read
READ_COUNT: Final = 500  # some 300 KiB of events; more only delays the first of them
CLAIM_COUNT: Final = 100
IDLE_SECONDS: Final = 10.0  # an entry this long in one process's hands, or in nobody's, is anyone's
GONE_CONSUMER_SECONDS: Final = 3600.0
_IS_GONE: Final = ("NOGROUP", "UNBLOCKED", "no such key")  # what Redis says after FLUSHALL or a lost disk

logger = logging.getLogger(__name__)


class QueueUnavailable(Exception):
    """Redis cannot be reached or answers wrongly: wait, then do the same again."""


class _StreamGone(QueueUnavailable):
    """A stream or its group is gone, and so holds nothing to do; reading it makes it anew."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries of one stream that this process holds until acknowledged: (entry id, fields) in order."""

    stream: str
    deliveries: Sequence[tuple[str, Mapping[str, str]]]


class EventQueue:
    """One formatter's hold on the streams: reads its own, and takes over what nobody else handles.

    Every delivered entry stays pending until `acknowledge`, and is delivered again, here or elsewhere, when
    that does not come within `idle_seconds`. Every method raises QueueUnavailable; a group or stream that is
    gone is made anew. `read` blocks and belongs to one thread, the rest may be called from several.
    """

    def __init__(
        self,
        url: str,
        index: int,
        consumer: str,
        *,
        block_seconds: float = BLOCK_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self.stream = stream_name(index)
        self.consumer = consumer
        self._block_ms = int(block_seconds * 1000)
        self._idle_ms = int(idle_seconds * 1000)
        # Any: redis-py types every answer as "this, or an Awaitable of it".
        self._reader: Any = blocking_client(url, block_seconds=block_seconds)
        self._client: Any = command_client(url)
        self._connection = KeptConnection(url)
        self._joined = threading.Event()

    def read(self) -> Batch:
        """New entries of the own stream; waits up to `block_seconds` for the first, then may be empty."""
        if not self._joined.is_set():
            with _translated():
                self._create_group(self.stream)
            self._joined.set()
        return self._read(self._reader, self.stream, block=self._block_ms)

    def acknowledge(
        self, stream: str, entry_ids: Sequence[str], done: Sequence[str], counts: Mapping[str, int]
    ) -> None:
        """Finishes entries, in one transaction: no longer pending, deleted, their event rows told done, and
        counted as acknowledged; `counts` says what else is.

        `done` are done notes (events.wire). May run twice for the same entries, which then count as
        acknowledged once.
        """
        commands: list[Sequence[str | int]] = []
        if entry_ids:
            commands += [("XACK", stream, GROUP, *entry_ids), ("XDEL", stream, *entry_ids)]
        if done:
            commands += [("RPUSH", DONE, *done), _increment("handed", len(done))]
        if entry_ids:
            commands.append(_increment("acknowledged", len(entry_ids)))
        commands += [_increment(stage, count) for stage, count in counts.items() if count]
        with _translated():
            answers = self._connection.transact(*commands)
            again = len(entry_ids) - answers[0] if entry_ids else 0
            if again:
                # Somebody else had them meanwhile, or Redis's answer to the same call was lost.
                self._connection.transact(
                    _increment("acknowledged", -again), _increment("acknowledged_again", again)
                )

    def count(self, counts: Mapping[str, int]) -> None:
        """Adds to the counters."""
        with _translated():
            self._connection.transact(*(_increment(stage, count) for stage, count in counts.items()))

    def keep(self, stream: str, entry_ids: Sequence[str]) -> None:
        """Says that this process still works on them, so that nobody takes them over; counts no delivery."""
        with suppress(_StreamGone), _translated():
            self._client.xclaim(stream, GROUP, self.consumer, 0, list(entry_ids), justid=True)

    def claim(self) -> Iterator[Batch]:
        """What lay unfinished for `idle_seconds` in any stream, page by page.

        Entries delivered more than MAX_DELIVERIES times are moved to the dead letters instead.
        """
        for stream in self._streams():
            cursor = "0-0"
            while True:
                cursor, claimed = self._claim_page(stream, cursor)
                if claimed:
                    alive = self._bury_spent(stream, claimed)
                    if alive.deliveries:
                        yield alive
                if cursor == "0-0":
                    break

    def adopt(self) -> Iterator[Batch]:
        """New entries of streams whose process seems gone: the oldest waits longer than `idle_seconds`."""
        for stream in self._streams():
            while stream != self.stream and self._is_neglected(stream):
                batch = self._read(self._client, stream, block=None)
                if not batch.deliveries:
                    break
                yield batch

    def forget_gone_consumers(self) -> None:
        """Removes the names of processes that left an hour ago and hold nothing."""
        for stream in self._streams():
            with suppress(_StreamGone), _translated():
                for consumer in self._client.xinfo_consumers(stream, GROUP):
                    if consumer["pending"] == 0 and consumer["idle"] > GONE_CONSUMER_SECONDS * 1000:
                        self._client.xgroup_delconsumer(stream, GROUP, consumer["name"])

    def close(self) -> None:
        """Gives the connections back."""
        self._reader.close()
        self._client.close()

    def _streams(self) -> list[str]:
        with _translated():
            return sorted({self.stream, *self._client.smembers(STREAMS)})

    def _create_group(self, stream: str) -> None:
        """From entry 0: whatever was added before the group existed is for it."""
        try:
            self._client.xgroup_create(stream, GROUP, id="0", mkstream=True)
        except redis.ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise
        self._client.sadd(STREAMS, stream)

    def _read(self, client: Any, stream: str, *, block: int | None) -> Batch:
        try:
            with _translated():
                answer = client.xreadgroup(GROUP, self.consumer, {stream: ">"}, count=READ_COUNT, block=block)
        except _StreamGone:
            logger.warning("the group of %s is gone, making it anew", stream)
            with _translated():
                self._create_group(stream)
            return self._read(client, stream, block=block)
        return Batch(stream, answer[0][1] if answer else [])

    def _claim_page(self, stream: str, cursor: str) -> tuple[str, list[tuple[str, Mapping[str, str]]]]:
        with suppress(_StreamGone), _translated():
            answer = self._client.xautoclaim(
                stream, GROUP, self.consumer, self._idle_ms, start_id=cursor, count=CLAIM_COUNT
            )
            # Redis 6.2 lists a deleted entry as nothing.
            return answer[0], [(entry_id, fields) for entry_id, fields in answer[1] if entry_id is not None]
        return "0-0", []

    def _bury_spent(self, stream: str, claimed: list[tuple[str, Mapping[str, str]]]) -> Batch:
        """The claimed entries that deserve another try; the others go to the dead letters."""
        pipeline = self._client.pipeline(transaction=False)
        for entry_id, _ in claimed:
            pipeline.xpending_range(stream, GROUP, min=entry_id, max=entry_id, count=1)
        with _translated():
            answers = pipeline.execute()
        alive = []
        for (entry_id, fields), answer in zip(claimed, answers, strict=True):
            deliveries = answer[0]["times_delivered"] if answer else 0
            if deliveries > MAX_DELIVERIES:
                self._bury(stream, entry_id, fields, deliveries)
            else:
                alive.append((entry_id, fields))
        if alive:
            with _translated():
                self._client.hincrby(COUNTERS, "redelivered", len(alive))
        return Batch(stream, alive)

    def _bury(self, stream: str, entry_id: str, fields: Mapping[str, str], deliveries: int) -> None:
        """Moves one entry to the dead letters; its event row counts as done, or it would come back."""
        reason = f"not published in {MAX_DELIVERIES} deliveries"
        about = {"reason": reason, "stream": stream, "entry_id": entry_id, "deliveries": str(deliveries)}
        note = done_note(fields.get("id", ""), fields.get("epoch", ""))
        pipeline = self._client.pipeline(transaction=True)
        pipeline.xadd(DEAD, {**fields, **about})
        pipeline.xack(stream, GROUP, entry_id)
        pipeline.xdel(stream, entry_id)
        if parse_done_note(note) is not None:
            pipeline.rpush(DONE, note)
            pipeline.hincrby(COUNTERS, "handed", 1)
        pipeline.hincrby(COUNTERS, "dead", 1)
        if not _is_entry(fields):
            pipeline.hincrby(COUNTERS, "unreadable", 1)  # nobody counted it when it came
        with _translated():
            pipeline.execute()
        logger.error("entry %s of %s is dead: %s", entry_id, stream, reason)

    def _is_neglected(self, stream: str) -> bool:
        with suppress(_StreamGone), _translated():
            groups = [group for group in self._client.xinfo_groups(stream) if group["name"] == GROUP]
            last_delivered = groups[0]["last-delivered-id"] if groups else "0-0"
            waiting = self._client.xrange(stream, min=f"({last_delivered}", count=1)
            if not waiting:
                return False
            seconds, microseconds = self._client.time()
            added_ms = int(waiting[0][0].partition("-")[0])
            return bool(seconds * 1000 + microseconds // 1000 - added_ms > self._idle_ms)
        return False


def _increment(stage: str, count: int) -> tuple[str, str, str, int]:
    return ("HINCRBY", COUNTERS, stage, count)


def _is_entry(fields: Mapping[str, str]) -> bool:
    try:
        parse_entry(fields)
    except ValueError:
        return False
    return True


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except redis.ResponseError as error:
        kind = _StreamGone if any(word in str(error) for word in _IS_GONE) else QueueUnavailable
        raise kind(str(error)) from error
    except redis.RedisError as error:
        raise QueueUnavailable(str(error)) from error
