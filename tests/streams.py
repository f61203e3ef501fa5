"""What lies in the streams of Redis, typed."""

from typing import cast

import redis

from comments.events.wire import EventEntry, TotalsEntry, parse_entry, stream_name

STREAM = stream_name(0)


def queued(client: redis.Redis) -> list[EventEntry | TotalsEntry]:
    """The entries that wait for the first formatter, oldest first."""
    entries = cast("list[tuple[str, dict[str, str]]]", client.xrange(STREAM))
    return [parse_entry(fields) for _, fields in entries]
