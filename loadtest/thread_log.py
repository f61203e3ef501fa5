"""What one process of readers knows of a thread: its frames, byte by byte, and when readers had them."""

from array import array
from collections import deque
from dataclasses import dataclass, field
from typing import Final

RECENT_FRAMES: Final = 16  # of a thread, where frames out of order are looked for before they are parsed


@dataclass(slots=True)
class Known:
    """A frame as it came, and when each reader had it."""

    raw: bytes
    seqs: tuple[int, ...]
    at: "array[float]" = field(default_factory=lambda: array("d"))


class ThreadLog:
    """What has come of one thread. `seq` is the latest event: a reader that comes now starts from it."""

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self.frames: list[Known] = []
        self.by_first: dict[int, Known] = {}  # those whose events have no gap
        self.recent: deque[Known] = deque(maxlen=RECENT_FRAMES)
        self.rest: dict[tuple[int, ...], Known] = {}  # of frames that some readers had in part
        self.aside = b"\0"  # the latest frame without events: heads and reader counts
        self.head = 0  # the number that it announces

    def add(self, raw: bytes, seqs: tuple[int, ...]) -> Known:
        known = Known(raw, seqs)
        self.frames.append(known)
        self.recent.appendleft(known)
        if seqs[-1] - seqs[0] == len(seqs) - 1:
            self.by_first[seqs[0]] = known
        self.seq = max(self.seq, seqs[-1])
        return known

    def clear(self) -> list[Known]:
        frames = [*self.frames, *self.rest.values()]
        self.frames = []
        self.by_first.clear()
        self.recent.clear()
        self.rest.clear()
        return frames
