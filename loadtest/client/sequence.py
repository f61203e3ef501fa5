"""The client's rule for order: drop what is known, hand out what follows, hold what comes too early."""

from typing import Final

from loadtest.client.frames import Cursor, Event, Run

HELD_MAX: Final = 1000  # later ones come again with the requests that fill the gap before them


class Sequence:
    """embed/src/sequence.ts."""

    def __init__(self, cursor: Cursor) -> None:
        self.epoch = cursor.epoch
        self.seq = cursor.seq
        self._head = cursor.seq  # the latest event that exists, as far as anybody said
        self._held: dict[int, Event] = {}

    def take(self, run: Run) -> list[Event]:
        """The events that are now due, in order; each seq comes out once, ever."""
        self._head = max(self._head, run.head, run.events[-1]["seq"] if run.events else 0)
        for event in run.events:
            if self.seq < event["seq"] <= self.seq + HELD_MAX:
                self._held[event["seq"]] = event
        due = []
        while self.seq + 1 in self._held:
            self.seq += 1
            due.append(self._held.pop(self.seq))
        return due

    @property
    def has_gap(self) -> bool:
        """There are events, held or only heard of, that cannot be handed out until others arrive."""
        return self._head > self.seq
