"""Brings every event exactly once and in order, whatever the carrier lost: gaps, restarts, other epochs."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from loadtest.client.frames import GONE, Cursor, Event, Failed, Run, Told, Totals, ignored
from loadtest.client.sequence import Sequence
from loadtest.client.timers import Timers


class CatchupSource(Protocol):
    """The requests that bring what frames did not. Each calls `done` once, and not before it has returned."""

    def events(self, after: int, done: Callable[[Run | Failed], object]) -> None: ...

    def head(self, done: Callable[[Cursor | Failed], object]) -> None: ...

    def snapshot(self, done: Callable[[Cursor | Failed], object]) -> None:
        """Takes a new snapshot into the state and tells where it stands."""


class CatchupListener(Protocol):
    def event(self, event: Event) -> None: ...

    def totals(self, totals: Totals) -> None: ...


class Catchup:
    """embed/src/catchup.ts."""

    def __init__(
        self, cursor: Cursor, source: CatchupSource, listener: CatchupListener, timers: Timers
    ) -> None:
        self._at = Sequence(cursor)
        self._source = source
        self._listener = listener
        self._timers = timers
        self._attempt = 0
        self._is_filling = False
        self._is_fill_wanted = False
        # Frames that came while a new snapshot is on its way; None when none is.
        self._during_snapshot: list[Run] | None = None

    @property
    def cursor(self) -> Cursor:
        return Cursor(self._at.epoch, self._at.seq)

    def take_frame(self, run: Run) -> None:
        if self._during_snapshot is not None:
            self._during_snapshot.append(run)
        elif run.epoch != self._at.epoch:
            self._resync()
        else:
            self._hand(run)

    def take_head(self, head: Cursor) -> bool:
        """True when the head shows that something was missed; it is then on its way."""
        is_current = head.epoch == self._at.epoch and head.seq <= self._at.seq
        self.take_frame(Run(head.epoch, head=head.seq))
        if not is_current:
            self.fill()
        return not is_current

    def rewind(self, cursor: Cursor) -> None:
        """The state took in an answer that stands at `cursor`, perhaps from a proxy and so older than what
        was known: go back there, and apply what came since once more."""
        if cursor.epoch != self._at.epoch:
            self._resync()
        elif cursor.seq < self._at.seq:
            self._at.seq = cursor.seq
            self.fill()

    def fill(self, reached: Told = ignored) -> None:
        """Asks for what came after the last known event, until it has it. `reached` is told at the end, and
        False when this try reached no server."""
        self._is_fill_wanted = True
        if self._is_filling:
            reached(True)
            return
        self._is_filling = True
        self._ask_or_end(reached, is_reached=True)

    def _ask_or_end(self, reached: Told, *, is_reached: bool) -> None:
        if not (self._is_fill_wanted and is_reached and self._during_snapshot is None):
            self._is_filling = False
            reached(is_reached)
            return
        self._is_fill_wanted = False
        self._timers.clear("gap")
        self._source.events(self._at.seq, partial(self._answered, self._at, self._at.seq, reached))

    def _answered(self, asked: Sequence, before: int, reached: Told, answer: Run | Failed) -> None:
        is_reached = True
        if isinstance(answer, Failed):
            if answer.status == GONE:
                self._resync()
            else:
                is_reached = False
        elif asked is self._at:
            self.take_frame(answer)  # first, or the totals of a post that it brings would find no post
            if answer.totals is not None:
                self._listener.totals(answer.totals)
        if is_reached and (self._at.seq > before or not self._at.has_gap):
            self._attempt = 0
            self._is_fill_wanted |= self._at.has_gap
        else:
            self._retry("gap", self.fill)  # a proxy's old answer is one that failed, too
        self._ask_or_end(reached, is_reached=is_reached)

    def _hand(self, run: Run) -> None:
        for event in self._at.take(run):
            self._listener.event(event)
        if self._at.has_gap and not self._timers.has("gap"):
            self._timers.after("gap", self._timers.between(0.3, 0.8), self._fill_gap)

    def _fill_gap(self) -> None:
        if self._at.has_gap:
            self.fill()

    def _resync(self) -> None:
        """Starts over from a new snapshot; the wait spreads a crowd that learned of it from one frame."""
        if self._during_snapshot is not None:
            return
        self._during_snapshot = []
        self._timers.after("resync", self._timers.between(0.3, 0.8), self._ask_for_snapshot)

    def _ask_for_snapshot(self) -> None:
        self._source.snapshot(self._take_snapshot)

    def _take_snapshot(self, answer: Cursor | Failed) -> None:
        if isinstance(answer, Failed):
            self._retry("resync", self._ask_for_snapshot)
            return
        runs, self._during_snapshot = self._during_snapshot or [], None
        self._at = Sequence(answer)
        for run in runs:
            if run.epoch == self._at.epoch:
                self._hand(run)
        self.fill()  # a proxy's snapshot is old, and what a connection missed meanwhile was not asked for

    def _retry(self, name: str, run: Callable[[], object]) -> None:
        self._timers.after(name, self._timers.backoff(self._attempt), run)
        self._attempt += 1
