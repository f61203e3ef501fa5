"""Entries that no delivery could publish: a look at them, and a second chance."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import redis

from comments.events import wire
from comments.events.outbox import enqueue

LISTED = 1_000
ID_PATTERN = r"^[0-9]{1,15}-[0-9]{1,15}\Z"  # of a stream's entries, within what Redis takes


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`fields` are those of the entry, and `reason`."""

    id: str
    fields: dict[str, str]

    @property
    def died(self) -> datetime:
        return datetime.fromtimestamp(int(self.id.partition("-")[0]) / 1000, UTC)

    @property
    def event_id(self) -> int | None:
        """The id of its event's row, where it has one."""
        event_id = self.fields.get("id", "")
        return int(event_id) if event_id.isascii() and event_id.isdigit() else None

    @property
    def is_readable(self) -> bool:
        """Whether it can be replayed."""
        try:
            wire.parse_entry(self.fields)
        except ValueError:
            return False
        return True


def list_dead(client: redis.Redis, *, after: str = "", count: int = LISTED) -> list[DeadLetter]:
    """The oldest, 1,000 by default, of those that died after the one with the id `after`. Raises
    redis.RedisError."""
    start = f"({after}" if after else "-"
    letters = cast("list[tuple[str, dict[str, str]]]", client.xrange(wire.DEAD, min=start, count=count))
    return [DeadLetter(entry_id, fields) for entry_id, fields in letters]


def find_dead(client: redis.Redis, letter_ids: Iterable[str]) -> list[DeadLetter]:
    """Those that are still dead. Raises redis.RedisError."""
    pipeline: Any = client.pipeline(transaction=False)
    for letter_id in letter_ids:
        pipeline.xrange(wire.DEAD, min=letter_id, max=letter_id)
    return [DeadLetter(*found[0]) for found in pipeline.execute() if found]


def discard_dead(client: redis.Redis, letters: Iterable[DeadLetter]) -> int:
    """Forgets them for good; how many were still there. Their event rows are marked as published, so that the
    sweeper does not bring them back. Raises redis.RedisError."""
    discarded = 0
    for letter in letters:
        pipeline: Any = client.pipeline(transaction=True)
        pipeline.xdel(wire.DEAD, letter.id)
        if letter.event_id is not None:
            pipeline.rpush(wire.DONE, wire.done_note(letter.event_id, letter.fields.get("epoch", "")))
            pipeline.hincrby(wire.COUNTERS, "handed", 1)
        discarded += pipeline.execute()[0]
    client.hincrby(wire.COUNTERS, "discarded", discarded)
    return discarded


def replay_dead(client: redis.Redis, letters: Iterable[DeadLetter] | None = None) -> tuple[int, int]:
    """Queues these, or the oldest 1,000, again where they are readable, and drops them from the dead; how
    many, and how many stay because they are no entries at all. May be run twice: readers drop what they know.
    Raises redis.RedisError."""
    replayed = kept = 0
    for letter in list_dead(client) if letters is None else letters:
        try:
            entry = wire.parse_entry(letter.fields)
        except ValueError:
            kept += 1
            continue
        if not enqueue([entry], counter="replayed"):
            raise redis.ConnectionError("the queue takes nothing")
        client.xdel(wire.DEAD, letter.id)
        replayed += 1
    return replayed, kept
