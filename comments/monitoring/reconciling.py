"""Do the stages add up, and where is every event that is not published? For `manage.py reconcile`."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import redis
from django.utils import timezone

from comments.events import wire
from comments.events.models import Event
from comments.events.sweeper import LOOK_MAX_SECONDS, STALE_AFTER
from comments.monitoring.pipeline import BEGAN, Pipeline, Stream, read_pipeline
from comments.monitoring.queries import Accepted, Unpublished, count_accepted, unpublished
from comments.monitoring.whereabouts import Found, Whereabouts, look_for_events

ROWS: Final = 10_000  # unpublished rows that are looked for one by one, the oldest first
IDS: Final = 100  # that a line names
SWEEPER_SILENT_SECONDS: Final = 10.0  # twenty rounds
LOST_SECONDS: Final = 60.0  # four of the longest pauses between two repeats


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage's count since counting began, and what the difference to the one before consists of."""

    name: str
    number: int
    explained: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence, and the events that it is about, the first hundred."""

    text: str
    event_ids: Sequence[int] = ()


@dataclass(slots=True)
class Report:
    """`began` is since when the counters count; None before a sweeper ran, and without Redis."""

    redis: bool = True
    began: datetime | None = None
    posts_before: int = 0
    events_before: int = 0
    stages: list[Stage] = field(default_factory=list)
    unpublished: int = 0
    places: list[Line] = field(default_factory=list)
    unexplained: list[Line] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        told = asdict(self)
        return {**told, "began": self.began.isoformat() if self.began else None, "ok": not self.unexplained}


@dataclass(frozen=True, slots=True)
class Row:
    """An unpublished event row."""

    id: int
    age_seconds: float


def reconcile(client: redis.Redis) -> Report:
    """The database first, then Redis: so nothing that is written meanwhile looks lost. Bounded: reads at most
    ROWS rows and whereabouts.SCANNED entries of a stream, and counts posts and threads once.

    Raises what the database raises; Redis may be away.
    """
    counted, waiting, rows = count_accepted(), unpublished(), _oldest_rows(timezone.now())
    try:
        pipeline = read_pipeline(client)
        stages = list(_stages(pipeline, counted, waiting))
        places = _Places(pipeline, waiting, rows)
        found = None
        if rows or pipeline.surplus():
            found = look_for_events(client, [stream.name for stream in pipeline.streams], pipeline.now)
    except redis.RedisError as error:
        return _without_redis(counted, waiting, rows, error)
    report = Report(unpublished=waiting.events, stages=stages)
    if pipeline.began_at is not None:
        report.began = datetime.fromtimestamp(pipeline.began_at, UTC)
        report.posts_before = pipeline.counters[BEGAN + "accepted"]
        report.events_before = pipeline.counters[BEGAN + "written"]
    if found is not None:
        places.sort(found)
        report.places, report.unexplained = places.explained, places.unexplained
    report.unexplained += _sums(pipeline, counted, waiting, found)
    return report


def _without_redis(
    counted: Accepted, waiting: Unpublished, rows: Sequence[Row], error: redis.RedisError
) -> Report:
    text = f"Redis does not answer ({error}): nothing can be said about what left the database"
    return Report(
        redis=False,
        stages=[Stage("accepted", counted.posts), Stage("written", counted.events)],
        unpublished=waiting.events,
        unexplained=[Line(text, [row.id for row in rows[:IDS]])],
    )


def _oldest_rows(now: datetime) -> list[Row]:
    rows = Event.objects.filter(is_done=False).order_by("pk").values_list("pk", "created")[:ROWS]
    return [Row(pk, (now - created).total_seconds()) for pk, created in rows]


def _stages(pipeline: Pipeline, counted: Accepted, waiting: Unpublished) -> Iterator[Stage]:
    since = pipeline.since
    written = counted.events - pipeline.counters.get(BEGAN + "written", 0)
    yield Stage("accepted", counted.posts - pipeline.counters.get(BEGAN + "accepted", 0), ["posts"])
    yield Stage(
        "written",
        written,
        ["events: a post is one when it shows; edits, deletions and what moderators do are others"],
    )
    yield Stage("enqueued", since("enqueued"), list(_not_enqueued(written - since("enqueued"), waiting)))
    yield Stage("repeated", since("repeated"), ["by the sweeper: not published within 2 s"])
    yield Stage("replayed", since("replayed"), ["dead letters, tried once more"])
    yield Stage("enqueued_totals", since("enqueued_totals"), ["vote totals, which are no events"])
    yield Stage("waiting", pipeline.waiting, [text for stream in pipeline.streams for text in _waits(stream)])
    yield Stage("taken", since("taken"), [f"{since('redelivered')} of them taken over by another formatter"])
    yield Stage("held", pipeline.held, [text for stream in pipeline.streams for text in _holds(stream)])
    yield Stage("framed", since("framed"), ["each time: more than published where a carrier refused some"])
    nodes = [
        f"{since(wire.at_node(stage, node))} {outcome} {node}"
        for stage, outcome in (("published", "taken by"), ("missed", "missed by"))
        for node in pipeline.at_nodes(stage)
    ]
    yield Stage("published", since("published"), nodes)
    again = since("acknowledged_again")
    yield Stage(
        "acknowledged",
        since("acknowledged"),
        [f"{again} more were finished twice, by two formatters"] if again else [],
    )
    yield Stage("dead", since("dead"), [f"{pipeline.dead} {_letters(pipeline.dead)} now"])
    yield Stage("marked", since("marked"), list(_not_marked(pipeline)))


def _not_enqueued(missing: int, waiting: Unpublished) -> Iterator[str]:
    if missing > 0:
        yield (
            f"{missing} were not, when they were written: Redis was away, or the process died; "
            f"the sweeper brings them ({waiting.events} are unpublished)"
        )
    if missing < 0:
        yield f"{-missing} more than written: written meanwhile, or under way when counting began"


def _waits(stream: Stream) -> Iterator[str]:
    if stream.waiting:
        yield f"{stream.waiting} wait in {stream.name}, the oldest entry for {stream.oldest_seconds:.0f} s"


def _holds(stream: Stream) -> Iterator[str]:
    for consumer in stream.consumers:
        if consumer.held:
            yield (
                f"{consumer.held} of {stream.name} held by formatter {consumer.name}, "
                f"which asked last {consumer.idle_seconds:.0f} s ago"
            )


def _not_marked(pipeline: Pipeline) -> Iterator[str]:
    again, unmarked = pipeline.since("marked_again"), pipeline.unmarked()
    if pipeline.to_mark:
        yield f"{pipeline.to_mark} on the done list, for the sweeper"
    if again:
        yield f"{again} more were marked already: published twice"
    if unmarked > 0:
        yield f"{unmarked} are being marked, or a sweeper died before it did; those events come again"


def _letters(count: int) -> str:
    return "dead letter" if count == 1 else "dead letters"


def _sums(
    pipeline: Pipeline, counted: Accepted, waiting: Unpublished, found: Whereabouts | None
) -> Iterator[Line]:
    """What is left when everything that can differ has been counted."""
    unreadable = found.unreadable if found else 0
    surplus = pipeline.surplus() - unreadable
    if surplus > 0:
        yield Line(f"{surplus} entries are in the streams, or were, that nothing here put there")
    if surplus < 0 and not (found and found.is_partial):
        yield Line(f"{-surplus} entries came into the streams and are nowhere: was a stream cut by hand?")
    if pipeline.began_at is None:
        return
    written = counted.events - pipeline.counters[BEGAN + "written"]
    missing = written - pipeline.since("enqueued") - pipeline.since("repeated") - waiting.events
    if missing > 0:
        yield Line(
            f"{missing} events are marked as published and were in no stream since: imported, restored, "
            "or Redis lost its last writes"
        )


class _Places:
    """Sorts unpublished rows by where they are."""

    def __init__(self, pipeline: Pipeline, waiting: Unpublished, rows: Sequence[Row]) -> None:
        self._pipeline = pipeline
        self._waiting = waiting
        self._rows = rows
        self.explained: list[Line] = []
        self.unexplained: list[Line] = []

    def sort(self, found: Whereabouts) -> None:
        groups: dict[str, list[Row]] = {}
        lost: dict[str, list[Row]] = {}
        missing = [row for row in self._rows if not self._place(row, found)]
        still = set(
            Event.objects.filter(pk__in=[row.id for row in missing], is_done=False).values_list(
                "pk", flat=True
            )
        )
        for row in self._rows:
            place = self._place(row, found)
            if place:
                groups.setdefault(place, []).append(row)
            elif row.id not in still:
                groups.setdefault("published meanwhile", []).append(row)
            else:
                text, is_explained = self._nowhere(row, is_partial=found.is_partial)
                (groups if is_explained else lost).setdefault(text, []).append(row)
        self.explained = [_line(text, rows) for text, rows in groups.items()]
        self.unexplained = [_line(text, rows) for text, rows in lost.items()]
        more = self._waiting.events - len(self._rows)
        if more > 0:
            self.explained.append(Line(f"{more} younger ones were not looked for one by one"))

    def _place(self, row: Row, found: Whereabouts) -> str:
        entries = found.in_streams.get(row.id, [])
        held: Found | None = next((entry for entry in entries if entry.consumer), None)
        if held:
            return f"held by formatter {held.consumer}"
        if entries:
            return f"wait in {entries[0].stream}"
        if row.id in found.to_mark:
            return "published, on the done list: the sweeper marks them"
        return "dead letters" if row.id in found.dead else ""

    def _nowhere(self, row: Row, *, is_partial: bool) -> tuple[str, bool]:
        """Why a row is in no stream, and whether that explains it."""
        silent = self._pipeline.sweeper_silent_seconds
        began = self._pipeline.began_at
        if is_partial:
            return "not among the entries that were looked at; a stream holds more", True
        if silent is None or silent > SWEEPER_SILENT_SECONDS:
            since = "it has never been here" if silent is None else f"it was here {silent:.0f} s ago"
            return f"in the outbox, not enqueued, and no sweeper brings them: {since}", False
        is_settled = began is not None and self._pipeline.now - began > LOST_SECONDS
        if row.age_seconds > LOST_SECONDS and is_settled:
            return f"in no stream for a minute, though a sweeper runs: run this again in {_SWEPT} s", False
        return f"in the outbox, not enqueued: the sweeper brings them within {_SWEPT} s", True


_SWEPT: Final = int(STALE_AFTER.total_seconds() + LOOK_MAX_SECONDS)


def _line(text: str, rows: Sequence[Row]) -> Line:
    oldest = max(row.age_seconds for row in rows)
    return Line(f"{len(rows)} {text}, the oldest for {oldest:.0f} s", [row.id for row in rows[:IDS]])
