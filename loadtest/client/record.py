"""What all readers saw since somebody last asked: when changes arrived, whether in order, what was requested.

The twin of embed/readers/record.ts, so that `./run chaos` asks both in the same way.
"""

import time
from collections import defaultdict
from typing import Any, Final

from loadtest.client.frames import Cursor

FROM_CACHE: Final = frozenset({"HIT", "STALE", "UPDATING"})  # X-Cache, where the API was not asked
KINDS: Final = ("events", "head", "snapshot", "bootstrap")


class Record:
    """Of all the readers of a program."""

    def __init__(self) -> None:
        self.repeated = 0
        self.out_of_order = 0
        self._begin()

    def arrived(self, key: str, seq: int, at: float) -> None:
        self._arrivals[key][seq].append(at)

    def requested(self, kind: str, x_cache: str) -> None:
        """One of KINDS; `x_cache` is empty where no answer came."""
        self._requests[kind][0] += 1
        self._requests[kind][1] += bool(x_cache) and x_cache not in FROM_CACHE
        self._requests[kind][2] += not x_cache

    def collect(self) -> dict[str, Any]:
        """Hands everything out and begins anew."""
        collected = {
            "arrivals": self._arrivals,
            "repeated": self.repeated,
            "out_of_order": self.out_of_order,
            "requests": self._requests,
        }
        self._begin()
        return collected

    def _begin(self) -> None:
        self._arrivals: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
        self._requests = {kind: [0, 0, 0] for kind in KINDS}
        self.repeated = self.out_of_order = 0


class Track:
    """One reader's place in its thread, found without the engine's help, so that it can be checked."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._arrived_to = 0  # an older snapshot's events are applied once more, but arrive once
        self.key = ""
        self.epoch = ""
        self.seq = 0

    def take_snapshot(self, cursor: Cursor) -> None:
        """What it brings instead of frames arrives with it; the first one's was not waited for."""
        if cursor.epoch != self.epoch:
            self._arrived_to = cursor.seq
        now = time.monotonic()
        for seq in range(self._arrived_to + 1, cursor.seq + 1):
            self._record.arrived(self.key, seq, now)
        self._arrived_to = max(self._arrived_to, cursor.seq)
        self.epoch, self.seq = cursor

    def take_event(self, seq: int) -> None:
        if seq <= self.seq:
            self._record.repeated += 1
        elif seq > self.seq + 1:
            self._record.out_of_order += 1
        self.seq = max(self.seq, seq)
        if seq > self._arrived_to:
            self._arrived_to = seq
            self._record.arrived(self.key, seq, time.monotonic())
