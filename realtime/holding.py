"""What one formatter process holds: entries that the queue delivered and that are not acknowledged yet."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from comments.events.wire import EventEntry
from realtime.coalescing import Coalescer
from realtime.frames import Totals

MAX_THREADS_A_FLUSH: Final = 256
MAX_CHARS: Final = 8 * 1024 * 1024  # then no more is read: the stream is where a backlog belongs
ROOM_SECONDS: Final = 0.5  # how long a stop signal may wait for room


class Held(NamedTuple):
    """One entry; `chars` is what it takes of the room."""

    stream: str
    entry_id: str
    entry: EventEntry | Totals
    chars: int


@dataclass(frozen=True, slots=True)
class Flush:
    """What is due, thread by thread."""

    threads: Sequence[tuple[str, Sequence[Held]]]

    @property
    def entries(self) -> list[Held]:
        return [held for _, of_thread in self.threads for held in of_thread]


class Holding:
    """A Coalescer for several threads of execution, with a bound and a way to wait."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.RLock()  # guards what follows
        self._due = threading.Condition(self._lock)
        self._room = threading.Condition(self._lock)
        self._coalescer: Coalescer[Held] = Coalescer()
        self._held: dict[tuple[str, str], Held] = {}
        self._chars = 0
        self._is_draining = False

    def entries(self) -> list[Held]:
        with self._lock:
            return list(self._held.values())

    def add(self, entries: Iterable[Held]) -> None:
        """Lets entries wait for their threads' next frames; those that are here already are ignored."""
        with self._lock:
            for held in entries:
                name = (held.stream, held.entry_id)
                if name not in self._held:
                    self._held[name] = held
                    self._chars += held.chars
                    self._coalescer.add(held.entry.key, held)
            self._due.notify()

    def take(self) -> Flush | None:
        """What is due, to be given to `done`; None where nothing is."""
        with self._lock:
            threads = self._coalescer.take(self._clock(), max_threads=MAX_THREADS_A_FLUSH)
            if self._coalescer:
                self._due.notify()  # another looks after what is left
        return Flush(threads) if threads else None

    def done(self, flush: Flush, delivery_seconds: Mapping[str, float]) -> None:
        """Lets go of the entries, and their threads rest, by what a delivery costs."""
        with self._lock:
            now = self._clock()
            for key, entries in flush.threads:
                self._coalescer.done(key, delivery_seconds.get(key, 0.0), now)
                for held in entries:
                    del self._held[held.stream, held.entry_id]
                    self._chars -= held.chars
            self._room.notify_all()
            if self._is_draining:
                self._due.notify_all()

    def has_room(self) -> bool:
        """Waits a moment for room; bounds what is held to about MAX_CHARS and one batch."""
        with self._lock:
            if self._chars > MAX_CHARS:
                self._room.wait(ROOM_SECONDS)
            return self._chars <= MAX_CHARS

    def wait_until_due(self) -> bool:
        """Returns when something may be due; False when nothing will be any more."""
        with self._lock:
            while (seconds := self._coalescer.seconds_until_due(self._clock())) != 0.0:
                if self._is_draining and not self._coalescer:
                    return False
                self._due.wait(seconds)
            return True

    def drain(self) -> None:
        """Nothing will be added any more."""
        with self._lock:
            self._is_draining = True
            self._due.notify_all()
