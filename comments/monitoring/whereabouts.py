"""Where unpublished events are: in a stream, in a formatter's hands, on the done list, dead, or nowhere."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import redis

from comments.events import wire

PAGE: Final = 1_000
SCANNED: Final = 50_000  # entries of a stream, and as many of each list: some 30 MB to read


@dataclass(frozen=True, slots=True)
class Found:
    """An entry of an event in a stream. `consumer` holds it, where somebody does."""

    stream: str
    consumer: str
    deliveries: int
    age_seconds: float


@dataclass(slots=True)
class Whereabouts:
    """By event id. `unreadable` are entries that no Kibitz wrote; `is_partial` when a stream held more than
    was looked at."""

    in_streams: dict[int, list[Found]] = field(default_factory=dict)
    to_mark: set[int] = field(default_factory=set)
    dead: set[int] = field(default_factory=set)
    unreadable: int = 0
    is_partial: bool = False


def look_for_events(client: redis.Redis, streams: Sequence[str], now: float) -> Whereabouts:
    """In the order in which an event travels, so that none is missed because it moves on meanwhile. `now` is
    Redis's clock. Raises redis.RedisError."""
    found = Whereabouts()
    for stream in streams:
        holders = dict(_held(client, stream))
        for number, (entry_id, fields) in enumerate(_entries(client, stream)):
            if number >= SCANNED:
                found.is_partial = True
                break
            try:
                entry = wire.parse_entry(fields)
            except ValueError:
                found.unreadable += 1
                continue
            if isinstance(entry, wire.EventEntry):
                consumer, deliveries = holders.get(entry_id, ("", 0))
                age = max(0.0, now - int(entry_id.partition("-")[0]) / 1000)
                found.in_streams.setdefault(entry.id, []).append(Found(stream, consumer, deliveries, age))
    listed: Any = client.lrange(wire.DONE, 0, SCANNED - 1)
    found.to_mark = {note[0] for note in map(wire.parse_done_note, listed) if note is not None}
    for number, (_, fields) in enumerate(_entries(client, wire.DEAD)):
        if number >= SCANNED:
            found.is_partial = True
            break
        if fields.get("id", "").isdecimal():
            found.dead.add(int(fields["id"]))
    return found


def _entries(client: redis.Redis, stream: str) -> Iterator[tuple[str, dict[str, str]]]:
    after = "-"
    while True:
        page: Any = client.xrange(stream, min=after, count=PAGE)
        yield from page
        if len(page) < PAGE:
            return
        after = f"({page[-1][0]}"


def _held(client: redis.Redis, stream: str) -> Iterator[tuple[str, tuple[str, int]]]:
    """Entry ids, each with who holds it and how often it was delivered; SCANNED at most."""
    after = "-"
    for _ in range(SCANNED // PAGE):
        try:
            page: Any = client.xpending_range(stream, wire.GROUP, min=after, max="+", count=PAGE)
        except redis.ResponseError:
            return  # no formatter has made the group yet
        for told in page:
            yield told["message_id"], (told["consumer"], told["times_delivered"])
        if len(page) < PAGE:
            return
        after = f"({page[-1]['message_id']}"
