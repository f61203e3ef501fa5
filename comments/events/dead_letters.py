"""Entries that no delivery could publish: a look at them, and a second chance."""

from dataclasses import dataclass
from typing import cast

import redis

from comments.events import wire
from comments.events.outbox import enqueue

LISTED = 1_000


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`fields` are those of the entry, and `reason`."""

    id: str
    fields: dict[str, str]


def list_dead(client: redis.Redis) -> list[DeadLetter]:
    """The oldest 1,000. Raises redis.RedisError."""
    letters = cast("list[tuple[str, dict[str, str]]]", client.xrange(wire.DEAD, count=LISTED))
    return [DeadLetter(entry_id, fields) for entry_id, fields in letters]


def replay_dead(client: redis.Redis) -> tuple[int, int]:
    """Queues every readable one again and drops it from the dead; how many, and how many stay because they
    are no entries at all. May be run twice: readers drop what they know. Raises redis.RedisError."""
    replayed = kept = 0
    for letter in list_dead(client):
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
