"""Repeats what the queue lost and marks what was published."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import redis
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.db.models import QuerySet
from django.utils import timezone

from comments import env
from comments.events import wire
from comments.events.models import Event
from comments.events.outbox import entry_of
from comments.events.queue_room import meter

logger = logging.getLogger(__name__)

INTERVAL_SECONDS: Final = 0.5
STALE_AFTER: Final = timedelta(seconds=2)  # the fast path takes milliseconds; what is older was lost or waits
LOOK_MAX_SECONDS: Final = 15.0  # the pause between looks doubles up to this, half of the 30 s that G2 allows
BATCH: Final = 1_000
PRUNE_INTERVAL_SECONDS: Final = 3_600.0
KEEP_EVENTS: Final = timedelta(days=7)  # a reader away for longer takes a new snapshot (410)


@dataclass(frozen=True, slots=True)
class _Repeat:
    """Where a row was added again, and when to look whether it still lies there."""

    stream: str
    entry_id: str
    look_at: float
    pause: float


class Sweeper:
    """One at a time is enough; two at once do no harm (an event published twice is applied once)."""

    def __init__(
        self,
        client: redis.Redis,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        watch: Callable[[], None] = lambda: None,
    ) -> None:
        """`watch` is called in every round: what else is to be done as often (monitoring.watch)."""
        self._client: Any = client  # Any: redis-py types every answer as "this, or an Awaitable of it"
        self._monotonic = monotonic
        self._watch = watch
        self._stopping = threading.Event()
        self._repeats: dict[int, _Repeat] = {}  # by the row's id
        self._prune_at = 0.0

    def run(self, stopping: threading.Event) -> None:
        """Sweeps until `stopping` is set; a database or Redis that is away is tried again."""
        self._stopping = stopping
        while not stopping.wait(INTERVAL_SECONDS):
            try:
                close_old_connections()
                self.sweep(timezone.now())
            except (redis.RedisError, DatabaseError, InterfaceError) as error:
                logger.warning("sweeper: %s", error)

    def sweep(self, now: datetime) -> None:
        """One round: mark, repeat, and once an hour forget. Raises what Redis and the database raise."""
        self._watch()
        self.mark_done()
        self.repeat_stale(now)
        self.take_over()
        if self._monotonic() >= self._prune_at:
            self._prune_at = self._monotonic() + PRUNE_INTERVAL_SECONDS
            self.prune(now)

    def mark_done(self) -> int:
        """Marks what the formatters published; a crash in between only makes them publish it once more."""
        marked = 0
        while notes := self._client.lpop(wire.DONE, BATCH):
            told = {note for note in map(wire.parse_done_note, notes) if note is not None}
            rows = Event.objects.filter(pk__in={pk for pk, _ in told}, is_done=False)
            done = [row for row in rows.values_list("pk", "epoch") if row in told]
            changed = Event.objects.filter(pk__in=[pk for pk, _ in done]).update(is_done=True)
            self._client.hincrby(wire.COUNTERS, "marked", changed)
            if changed < len(notes):  # published twice, or a row that is gone
                self._client.hincrby(wire.COUNTERS, "marked_again", len(notes) - changed)
            marked += changed
            for pk, _ in told:
                self._repeats.pop(pk, None)
        return marked

    def repeat_stale(self, now: datetime) -> int:
        """Adds again what has not been published for 2 s and does not lie in its stream any more, or, as far
        as this process knows, never did: everything there is, in the order of its rows, which within a thread
        is that of its numbers. Nothing while the queue is full, for what it holds must leave first."""
        if meter.is_full():
            return 0
        return self._repeat(Event.objects.filter(is_done=False, created__lt=now - STALE_AFTER))

    def take_over(self) -> None:
        """Queues what else is not published, however young, for processes that wait for that before they
        queue anything themselves (hand_over), and then lets them."""
        behind = self._client.smembers(wire.BEHIND)
        if behind and not meter.is_full():
            self._repeat(Event.objects.filter(is_done=False))
            self._client.srem(wire.BEHIND, *behind)
            self._repeat(Event.objects.filter(is_done=False))  # what was committed before they could know

    def _repeat(self, rows: QuerySet[Event]) -> int:
        rows = rows.order_by("pk")
        known: dict[int, _Repeat] = {}
        repeated = after = 0
        while ids := list(rows.filter(pk__gt=after).values_list("pk", flat=True)[:BATCH]):
            after = ids[-1]
            repeated += self._repeat_lost(ids)
            known |= {pk: self._repeats[pk] for pk in ids if pk in self._repeats}
            if self._stopping.is_set():
                return repeated
        # Without what another sweeper marked; but these rows need not be all that were repeated a moment ago.
        clock = self._monotonic()
        self._repeats = {pk: of for pk, of in self._repeats.items() if of.look_at > clock} | known
        return repeated

    def prune(self, now: datetime) -> int:
        """Forgets old published events; the posts themselves hold everything."""
        removed, _ = Event.objects.filter(is_done=True, created__lt=now - KEEP_EVENTS).delete()
        return removed

    def _repeat_lost(self, ids: Sequence[int]) -> int:
        clock = self._monotonic()
        known = {pk: self._repeats[pk] for pk in ids if pk in self._repeats}
        waiting = self._waiting({pk: repeat for pk, repeat in known.items() if clock >= repeat.look_at})
        for pk in waiting:
            self._look_later(pk, known[pk].stream, known[pk].entry_id, clock, known[pk].pause)
        lost = [pk for pk in ids if pk not in known or (clock >= known[pk].look_at and pk not in waiting)]
        if not lost:
            return 0
        # What left its stream by being acknowledged has been told done in the same step, perhaps just now.
        self.mark_done()
        rows = list(
            Event.objects.filter(pk__in=lost, is_done=False).select_related("thread__site").order_by("pk")
        )
        self._add(rows, clock)
        return len(rows)

    def _waiting(self, repeats: dict[int, _Repeat]) -> Collection[int]:
        """Those whose entries lie in their streams, to be delivered or in somebody's hands: they are on their
        way, however long that takes."""
        streams = {repeat.stream for repeat in repeats.values()}
        delivered = {stream: self._last_delivered(stream) for stream in streams}
        pipeline = self._client.pipeline(transaction=False)
        for stream in streams:
            pipeline.sadd(wire.STREAMS, stream)
        for repeat in repeats.values():
            at = repeat.entry_id
            if _position(at) > delivered[repeat.stream]:
                pipeline.xrange(repeat.stream, at, at, count=1)
            else:
                pipeline.xpending_range(repeat.stream, wire.GROUP, min=at, max=at, count=1)
        answers = pipeline.execute(raise_on_error=False)[
            len(streams) :
        ]  # a group that has gone holds nothing
        return {pk for pk, found in zip(repeats, answers, strict=True) if found and isinstance(found, list)}

    def _last_delivered(self, stream: str) -> tuple[int, int]:
        try:
            groups = self._client.xinfo_groups(stream)
        except redis.ResponseError:  # no such stream
            groups = []
        return next(
            (_position(group["last-delivered-id"]) for group in groups if group["name"] == wire.GROUP), (0, 0)
        )

    def _add(self, rows: Sequence[Event], clock: float) -> None:
        if not rows:
            return
        entries = [entry_of(row, row.thread.site.key) for row in rows]
        streams = [wire.stream_of(entry.key, env.formatter_count()) for entry in entries]
        pipeline = self._client.pipeline(
            transaction=True
        )  # what is counted is there, and what is there counted
        # A stream that no formatter has read yet is known to none; from here on they look after it.
        pipeline.sadd(wire.STREAMS, *set(streams))
        pipeline.hincrby(wire.COUNTERS, "repeated", len(rows))
        for stream, entry in zip(streams, entries, strict=True):
            pipeline.xadd(stream, entry.fields())
        _, _, *entry_ids = pipeline.execute()
        for row, stream, entry_id in zip(rows, streams, entry_ids, strict=True):
            before = self._repeats.get(row.pk)
            pause = before.pause if before else STALE_AFTER.total_seconds() / 2
            self._look_later(row.pk, stream, entry_id, clock, pause)

    def _look_later(self, pk: int, stream: str, entry_id: str, clock: float, pause: float) -> None:
        pause = min(pause * 2, LOOK_MAX_SECONDS)
        self._repeats[pk] = _Repeat(stream, entry_id, clock + pause, pause)


def _position(entry_id: str) -> tuple[int, int]:
    milliseconds, _, number = entry_id.partition("-")
    return int(milliseconds), int(number)
