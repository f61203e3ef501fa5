"""Stream entries to frames: grouped by thread, in order, each event once. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from comments.events.wire import EventEntry, TotalsEntry, parse_entry
from realtime.publisher import Frame

MAX_FRAME_BYTES: Final = 64 * 1024  # a slow reader may wait for four of these (hub.MAX_WAITING_BYTES)


@dataclass(frozen=True, slots=True)
class Totals:
    """Vote totals of some posts of one thread: post id -> tally."""

    key: str
    tallies: Mapping[str, object]
    site: str = ""


@dataclass(slots=True)
class _Thread:
    """One incarnation of a thread, as far as a batch tells."""

    key: str
    site: str
    epoch: str
    events: dict[int, str]
    entry_ids: dict[int, list[str]]


@dataclass(frozen=True, slots=True)
class _Totals:
    """One thread's totals, as far as a batch tells."""

    site: str
    tallies: dict[str, object]
    entry_ids: list[str]


def read_entry(fields: Mapping[str, str]) -> EventEntry | Totals:
    """The entry behind a stream's fields, fit for a frame; raises ValueError for what would spoil one.

    An event's JSON was made by Kibitz and is joined unparsed, so only its ends are looked at.
    """
    entry = parse_entry(fields)
    if isinstance(entry, TotalsEntry):
        tallies = json.loads(entry.data)
        if not isinstance(tallies, dict):
            raise ValueError("totals that are no JSON object")
        return Totals(entry.key, tallies, entry.site)
    if entry.data[:1] != "{" or entry.data[-1:] != "}":
        raise ValueError("event that is no JSON object")
    return entry


def build_frames(
    entries: Iterable[tuple[str, EventEntry | Totals]], *, max_bytes: int = MAX_FRAME_BYTES
) -> list[Frame]:
    """The fewest frames that carry `entries`, (entry id, entry) in stream order.

    Per thread: one frame for each dense run of seq and each `max_bytes` of it, ascending (a larger event
    travels alone), then one for its totals, the newest tally of a post winning.
    """
    threads: dict[tuple[str, str], _Thread] = {}
    totals: dict[str, _Totals] = {}
    for entry_id, entry in entries:
        if isinstance(entry, Totals):
            merged = totals.setdefault(entry.key, _Totals(entry.site, {}, []))
            merged.tallies.update(entry.tallies)
            merged.entry_ids.append(entry_id)
            continue
        name = (entry.key, entry.epoch)
        thread = threads.get(name)
        if thread is None:
            thread = threads[name] = _Thread(entry.key, entry.site, entry.epoch, {}, {})
        if entry.seq in thread.events:
            thread.entry_ids[entry.seq].append(entry_id)
        else:
            thread.events[entry.seq] = entry.data
            thread.entry_ids[entry.seq] = [entry_id]
    frames = [_events_frame(thread, run) for thread in threads.values() for run in _runs(thread, max_bytes)]
    for key, merged in totals.items():
        if merged.tallies:
            text = _compact({"totals": merged.tallies})
            frames.append(Frame(key, text, tuple(merged.entry_ids), merged.site))
    return frames


def head_frame(key: str, epoch: str, head: int, *, site: str = "") -> Frame:
    """The re-announcement of a thread's last seq, from which a reader sees that it missed the end."""
    return Frame(key, _compact({"head": head, "epoch": epoch}), (), site, epoch, head)


def _runs(thread: _Thread, max_bytes: int) -> Iterator[list[int]]:
    """The thread's seqs, cut where one is missing or a frame is full."""
    run: list[int] = []
    run_bytes = 0
    for seq in sorted(thread.events):
        event_bytes = _byte_count(thread.events[seq])
        if run and (seq != run[-1] + 1 or run_bytes + event_bytes > max_bytes):
            yield run
            run, run_bytes = [], 0
        run.append(seq)
        run_bytes += event_bytes
    if run:
        yield run


def _events_frame(thread: _Thread, run: list[int]) -> Frame:
    events = ",".join([thread.events[seq] for seq in run])
    text = f'{{"epoch":{json.dumps(thread.epoch)},"first":{run[0]},"last":{run[-1]},"events":[{events}]}}'
    entry_ids = tuple(entry_id for seq in run for entry_id in thread.entry_ids[seq])
    return Frame(thread.key, text, entry_ids, thread.site, thread.epoch, run[-1])


def _byte_count(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
