"""Appends events to the log, and puts what was committed onto the queue."""

import logging
import time
from collections.abc import Iterable
from datetime import datetime
from functools import cache, partial
from typing import Any, Final, cast

import redis
from django.db import transaction

from comments import env
from comments.events import wire
from comments.events.models import Event
from comments.events.redis_clients import command_client
from comments.events.rows import insert
from comments.events.shapes import EventShape, compact_json

logger = logging.getLogger(__name__)

PAUSE_SECONDS: Final = 1.0  # after Redis failed: posting goes on at full speed, the sweeper brings the rest


class _Breaker:
    """Closed until Redis fails; then open for a while, so that no request waits for what is not there."""

    paused_until = 0.0


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
    transaction.on_commit(partial(enqueue, [entry_of(row, site)]), robust=True)


def append_totals(site: str, key: str, totals: dict[int, wire.Tally]) -> None:
    """Queues vote totals when the caller's transaction commits; they are not numbered and not repeated."""
    data = compact_json({str(pk): tally for pk, tally in totals.items()})
    entry = wire.TotalsEntry(key=key, data=data, site=site)
    transaction.on_commit(partial(enqueue, [entry]), robust=True)


def entry_of(row: Event, site: str) -> wire.EventEntry:
    return wire.EventEntry(id=row.pk, key=row.key, epoch=row.epoch, seq=row.seq, data=row.data, site=site)


def enqueue(entries: Iterable[wire.EventEntry | wire.TotalsEntry], *, counter: str = "enqueued") -> bool:
    """Puts entries onto their threads' streams; False when Redis could not take them. Never raises for that:
    the rows are in the database, and the sweeper repeats what is not done."""
    if time.monotonic() < _Breaker.paused_until:
        return False
    try:
        pipeline = _client().pipeline(transaction=False)
        count = 0
        for entry in entries:
            pipeline.xadd(
                wire.stream_of(entry.key, env.formatter_count()), cast("dict[Any, Any]", entry.fields())
            )
            count += 1
        pipeline.hincrby(wire.COUNTERS, counter, count)
        pipeline.execute()
    except redis.RedisError as error:
        _Breaker.paused_until = time.monotonic() + PAUSE_SECONDS
        logger.warning("queue: %s", error)
        return False
    return True


@cache
def _client() -> redis.Redis:
    return command_client(env.redis_url())
