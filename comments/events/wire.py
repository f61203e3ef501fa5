"""What travels through Redis between the web tier and the formatters; imports no Django."""

from base64 import b32encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypedDict
from zlib import crc32

GROUP: Final = "formatters"
# A set of every stream that was ever in use, so that a smaller KIBITZ_FORMATTERS orphans none.
STREAMS: Final = "kibitz:streams"
DONE: Final = "kibitz:done"  # list of done notes: the event rows that were published, for the sweeper
BEHIND: Final = "kibitz:behind"  # set of processes that wait until the sweeper has queued what they could not
DEAD: Final = "kibitz:dead"  # stream of entries that no delivery could publish
COUNTERS: Final = (
    "kibitz:counters"  # hash: stage -> how many passed it; comments.monitoring.pipeline names them
)
SWEEPER: Final = "kibitz:sweeper"  # when a sweeper last went round, in Unix seconds
SAMPLES: Final = "kibitz:samples"  # list of what the counters said before, newest first, for rates
NODES: Final = "kibitz:nodes"  # hash: push node, and "node stale" -> when a formatter last found it so
SOCKETS: Final = "kibitz:sockets"  # hash: socket process -> "sockets until", `until` in Unix seconds
LIVE_GROUP: Final = "live"  # the one channel-layer group that every socket process joins

TYPING_SECONDS: Final = 5  # how long one sign of typing counts; a client gives one in 4 s

COUNTS_KIND: Final = "counts/"  # of a live address: /live/counts/{channel}

MAX_DELIVERIES: Final = 5  # after these an entry is dead: a transient fault would have passed


MAX_ID: Final = 2**63 - 1


class Tally(TypedDict):
    """One post's votes; newest wins."""

    score: int
    up: int
    down: int


@dataclass(frozen=True, slots=True)
class EventEntry:
    """One numbered event on its way to the formatter; `data` is its public JSON, made at write time.

    `site` is the site's key: it decides which push nodes get the event (comments.cells).
    """

    id: int
    key: str
    epoch: str
    seq: int
    data: str
    site: str = ""

    def fields(self) -> dict[str, str | int]:
        return {
            "kind": "event",
            "id": self.id,
            "key": self.key,
            "epoch": self.epoch,
            "seq": self.seq,
            "data": self.data,
            "site": self.site,
        }


@dataclass(frozen=True, slots=True)
class TotalsEntry:
    """Vote totals of one thread; `data` is JSON, post id -> Tally. Not numbered, not repeated when lost."""

    key: str
    data: str
    site: str = ""

    def fields(self) -> dict[str, str | int]:
        return {"kind": "totals", "key": self.key, "data": self.data, "site": self.site}


def done_note(event_id: int | str, epoch: str) -> str:
    """What says that an event row is done. The epoch is part of it: a restored database gives the same ids
    again."""
    return f"{event_id} {epoch}"


def parse_done_note(note: str) -> tuple[int, str] | None:
    """The row's id and epoch; None for what no Kibitz wrote."""
    event_id, _, epoch = note.partition(" ")
    if not (event_id.isascii() and event_id.isdigit() and epoch) or int(event_id) > MAX_ID:
        return None
    return int(event_id), epoch


def stream_name(index: int) -> str:
    """The stream that formatter number `index` reads, from 0."""
    return f"kibitz:events:{index}"


def stream_of(key: str, formatters: int) -> str:
    """The stream of a thread: all of a thread's events go through one."""
    return stream_name(crc32(key.encode()) % formatters)


def counts_channel(site: str) -> str:
    """Where the counts of a site's threads are told, in the form of a thread's key. It is none: what is
    hashed for one begins with a site's key."""
    return b32encode(sha256(f"\n{site}\ncounts".encode()).digest()).decode().lower()[:26]


def counts_hash(site: str) -> str:
    """The Redis hash of counts that are not told yet: thread key -> "posts epoch seq"."""
    return f"kibitz:counts:{site}"


def counts_turn(site: str) -> str:
    """There in Redis for as long as nobody is to tell the site's counts again."""
    return f"kibitz:counts-turn:{site}"


def typists_set(key: str) -> str:
    """The Redis sorted set of those who type in a thread and have no socket to say so: the mark that each
    page load makes up -> until when it counts, in Unix seconds."""
    return f"kibitz:typists:{key}"


def typed_channel(index: int) -> str:
    """Where formatter number `index` hears, as "key site", in which threads somebody types."""
    return f"kibitz:typed:{index}"


def typed_channel_of(key: str, formatters: int) -> str:
    """The channel of a thread, whose formatter is that of its stream."""
    return typed_channel(crc32(key.encode()) % formatters)


def missed_hash(node: str) -> str:
    """The Redis hash of what a push node missed: thread key -> "epoch seq", the last number there was."""
    return f"kibitz:missed:{node}"


def at_node(stage: str, node: str) -> str:
    """The counter of what passed a stage at one push node, or at "channels"."""
    return f"{stage}@{node}"


def parse_entry(fields: Mapping[str, str]) -> EventEntry | TotalsEntry:
    """The entry behind a stream's fields; raises ValueError for what no Kibitz wrote."""
    try:
        if fields["kind"] == "event":
            return EventEntry(
                id=int(fields["id"]),
                key=fields["key"],
                epoch=fields["epoch"],
                seq=int(fields["seq"]),
                data=fields["data"],
                site=fields.get("site", ""),
            )
        if fields["kind"] == "totals":
            return TotalsEntry(key=fields["key"], data=fields["data"], site=fields.get("site", ""))
    except KeyError as missing:
        raise ValueError(f"stream entry without {missing}") from missing
    raise ValueError(f"stream entry of unknown kind {fields['kind']!r}")
