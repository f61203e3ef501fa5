"""What a process of readers is told, and what it answers."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Address:
    """Where one thread's readers connect, and what they say first."""

    host: str
    port: int
    request: bytes
    seq: int  # the thread's latest event


@dataclass(slots=True)
class Counts:
    """How a process's readers, or all of them, are doing."""

    waiting: int = 0  # not yet open, and not given up
    open: int = 0
    lost: int = 0  # were open, and ended without being told to
    late: int = 0  # events that a reader had after a later one
    skipped: int = 0  # events that a reader still misses before a later one
    told: int = 0  # events that a reader misses after its latest, as a head tells it
    repeated: int = 0  # events that a reader had already
    refused: Counter[str] = field(default_factory=Counter)  # failed attempts by reason

    def add(self, other: "Counts") -> None:
        for name in ("waiting", "open", "lost", "late", "skipped", "told", "repeated"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.refused.update(other.refused)


@dataclass(frozen=True, slots=True)
class Open:
    """Open so many readers of each thread (an index into the addresses)."""

    readers: Sequence[tuple[int, int]]
    per_second: float  # 0: as fast as it goes
    latest: Mapping[int, int]  # by thread, the event from which they start, where it is not the first one's
