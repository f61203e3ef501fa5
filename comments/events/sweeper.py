"""Repeats what the queue lost and marks what was published."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import redis
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.utils import timezone

from comments.events import wire
from comments.events.models import Event
from comments.events.outbox import enqueue, entry_of
from comments.events.queue_room import meter
from comments.events.redis_clients import COMMAND_TIMEOUT_SECONDS

logger = logging.getLogger(__name__)

INTERVAL_SECONDS: Final = 0.5
STALE_AFTER: Final = timedelta(seconds=2)  # the fast path takes milliseconds; what is older was lost or waits
REPEAT_MAX_SECONDS: Final = 15.0  # the repeats' pause doubles up to this, half of the 30 s that G2 allows
BATCH: Final = 1_000
PRUNE_INTERVAL_SECONDS: Final = 3_600.0
KEEP_EVENTS: Final = timedelta(days=7)  # a reader away for longer takes a new snapshot (410)


class Sweeper:
    """One at a time is enough; two at once do no harm (an event published twice is applied once)."""

    def __init__(self, client: redis.Redis, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._monotonic = monotonic
        self._repeats: dict[int, tuple[float, float]] = {}  # event id -> (not before, pause in seconds)
        self._prune_at = 0.0

    def run(self, stopping: threading.Event) -> None:
        """Sweeps until `stopping` is set; a database or Redis that is away is tried again."""
        while not stopping.wait(INTERVAL_SECONDS):
            try:
                close_old_connections()
                self.sweep(timezone.now())
            except (redis.RedisError, DatabaseError, InterfaceError) as error:
                logger.warning("sweeper: %s", error)

    def sweep(self, now: datetime) -> None:
        """One round: mark, repeat, and once an hour forget."""
        try:
            self.mark_done()
        finally:
            self.repeat_stale(now)
        if self._monotonic() >= self._prune_at:
            self._prune_at = self._monotonic() + PRUNE_INTERVAL_SECONDS
            self.prune(now)

    def mark_done(self) -> int:
        """Marks what the formatters published; a crash in between only makes them publish it once more."""
        marked = 0
        while ids := self._client.lpop(wire.DONE, BATCH):
            done = [int(pk) for pk in ids]
            Event.objects.filter(pk__in=done, is_done=False).update(is_done=True)
            for pk in done:
                self._repeats.pop(pk, None)
            marked += len(done)
        return marked

    def repeat_stale(self, now: datetime) -> int:
        """Adds again what has not been published for 2 s, each at growing intervals; nothing while the queue
        is full, for what it holds must leave first."""
        if meter.is_full():
            return 0
        clock = self._monotonic()
        due = []
        stale = Event.objects.filter(is_done=False, created__lt=now - STALE_AFTER).order_by("created")
        for row in stale.select_related("thread__site")[:BATCH]:
            not_before, pause = self._repeats.get(row.pk, (0.0, STALE_AFTER.total_seconds() / 2))
            if clock >= not_before:
                due.append(row)
                pause = min(pause * 2, REPEAT_MAX_SECONDS)
                self._repeats[row.pk] = (clock + pause, pause)
        entries = [entry_of(row, row.thread.site.key) for row in due]
        if due and not enqueue(entries, counter="repeated", timeout_seconds=COMMAND_TIMEOUT_SECONDS):
            for row in due:
                del self._repeats[row.pk]
            return 0
        return len(due)

    def prune(self, now: datetime) -> int:
        """Forgets old published events; the posts themselves hold everything."""
        removed, _ = Event.objects.filter(is_done=True, created__lt=now - KEEP_EVENTS).delete()
        return removed
