"""Appends events to the log, and puts what was committed onto the queue."""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Final

import redis
from django.db import transaction

from comments import env
from comments.events import request_redis, wire
from comments.events.breaker import LeftAlone
from comments.events.hand_over import HandOver
from comments.events.models import Event
from comments.events.rows import insert
from comments.events.shapes import EventShape, compact_json

logger = logging.getLogger(__name__)

hand_over: Final = HandOver()


def append_event(
    *, thread_id: int, site: str, key: str, epoch: str, event: EventShape, now: datetime
) -> None:
    """Writes the event in the caller's transaction and queues it when that commits.

    `site` is the site's key. The caller took `event["seq"]` under the thread row's lock in the same
    transaction.
    """
    row = Event(
        thread_id=thread_id, key=key, epoch=epoch, seq=event["seq"], data=compact_json(event), created=now
    )
    insert(row)
    queue_event(entry_of(row, site))


def append_events(
    *, thread_id: int, site: str, key: str, epoch: str, events: Sequence[EventShape], now: datetime
) -> None:
    """The same for several of one thread, in their order."""
    rows = Event.objects.bulk_create(
        Event(
            thread_id=thread_id, key=key, epoch=epoch, seq=event["seq"], data=compact_json(event), created=now
        )
        for event in events
    )
    transaction.on_commit(partial(enqueue, [entry_of(row, site) for row in rows]), robust=True)


def queue_event(entry: wire.EventEntry) -> None:
    """Queues an event, whose row there is, when the caller's transaction commits."""
    transaction.on_commit(partial(enqueue, [entry]), robust=True)


def append_totals(site: str, key: str, totals: dict[int, wire.Tally]) -> None:
    """Queues vote totals when the caller's transaction commits; they are not numbered and not repeated."""
    data = compact_json({str(pk): tally for pk, tally in totals.items()})
    entry = wire.TotalsEntry(key=key, data=data, site=site)
    transaction.on_commit(partial(enqueue, [entry]), robust=True)


def entry_of(row: Event, site: str) -> wire.EventEntry:
    return wire.EventEntry(id=row.pk, key=row.key, epoch=row.epoch, seq=row.seq, data=row.data, site=site)


def enqueue(entries: Iterable[wire.EventEntry | wire.TotalsEntry], *, counter: str = "enqueued") -> bool:
    """Puts entries onto their threads' streams; False when Redis could not take them, or older ones go first.
    Never raises for that: the rows are in the database, and the sweeper repeats what is not done."""
    added, counts = [], Counter[str]()
    is_new_event = False
    for entry in entries:
        is_new_event |= counter == "enqueued" and isinstance(entry, wire.EventEntry)
        added.append(_addition(entry))
        is_totals = counter == "enqueued" and isinstance(entry, wire.TotalsEntry)
        counts["enqueued_totals" if is_totals else counter] += 1
    if is_new_event and not hand_over.is_over():
        return False
    try:
        # In one transaction: what is counted and what is in the streams must stay equal, whatever dies.
        request_redis.transact(
            *added,
            *(("HINCRBY", wire.COUNTERS, name, count) for name, count in counts.items()),
        )
    except (LeftAlone, redis.RedisError) as error:
        hand_over.begin()
        if not isinstance(error, LeftAlone):
            logger.warning("queue: %s", error)
        return False
    return True


def _addition(entry: wire.EventEntry | wire.TotalsEntry) -> list[str | int]:
    command: list[str | int] = ["XADD", wire.stream_of(entry.key, env.formatter_count()), "*"]
    for name, value in entry.fields().items():
        command += (name, value)
    return command
