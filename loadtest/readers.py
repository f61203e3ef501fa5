"""N readers on this machine: sockets over many processes and loopback addresses, and what they saw."""

import math
import multiprocessing
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from signal import SIGKILL
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from comments.supervision.processes import tie_to_parent
from loadtest.arrivals import Arrival
from loadtest.reader_messages import Address, Counts, Open
from loadtest.reader_process import run
from loadtest.websocket_frames import handshake

READERS_A_PROCESS: Final = 18_000  # below the 20,000 files that a process may have on common hosts
FILES_BESIDE_SOCKETS: Final = 100
# More processes than this would spend the machine on being woken, each time for one frame: with 56 that was
# half of two cores, and frames waited seconds to be seen. They look every 10 ms instead.
MOST_AWAKE: Final = 8
REST_SECONDS: Final = 0.01
SOURCES_A_PROCESS: Final = 4  # addresses; each has some 28,000 ports towards one server
POLL_SECONDS: Final = 0.2
ENOUGH: Final = 0.999  # fewer readers than this is a failure; the posts that the others miss are counted
STALLED_SECONDS: Final = 40.0  # longer than one handshake may take


class ReadersFailed(Exception):
    """The readers did not come up; the text says how far they got and why."""


@dataclass(frozen=True, slots=True)
class Opened:
    """How a wave of connections went; `curve` has (seconds, open) pairs."""

    counts: Counts
    seconds: float
    curve: list[tuple[float, int]] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return self.counts.open / self.seconds if self.seconds else 0.0


class Readers:
    """Readers of some threads, as a context: leaving it ends every process and socket."""

    def __init__(
        self, live: Sequence[tuple[str, int]], *, origin: str, most: int, say: Callable[[str], None] = print
    ):
        """`live` has each thread's address and latest seq; `most` is how many readers there will be."""
        self._addresses = [_address(url, origin, seq) for url, seq in live]
        self._say = say
        a_process = min(
            READERS_A_PROCESS, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - FILES_BESIDE_SOCKETS
        )
        self._count = max(1 if most < 1_000 else 2, math.ceil(most / a_process))
        self._processes: list[BaseProcess] = []
        self._pipes: list[Connection] = []

    def __enter__(self) -> Self:
        # Forked, so that a hundred processes share the interpreter's pages; no thread runs here yet.
        context = multiprocessing.get_context("fork")
        tie = tie_to_parent(SIGKILL)
        for number in range(self._count):
            ours, theirs = context.Pipe()
            rest_seconds = REST_SECONDS if self._count > MOST_AWAKE else 0.0
            arguments = (theirs, self._addresses, sources(number), rest_seconds, tie)
            process = context.Process(target=_live, args=arguments, name=f"readers-{number + 1}")
            process.start()
            theirs.close()
            self._processes.append(process)
            self._pipes.append(ours)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.kill()  # no good-byes: a million of them would take minutes
        for process in self._processes:
            process.join()

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._processes if process.pid]

    def open(
        self, readers: Sequence[int], *, per_second: float = 0.0, latest: Mapping[int, int] | None = None
    ) -> Opened:
        """Opens so many more readers of each thread, and waits until they stand. Raises ReadersFailed.

        `latest` has the threads' numbers (by index) where there were posts since these readers were made.
        """
        before = self.counts().open
        wanted = before + sum(readers)
        for pipe, share in zip(self._pipes, shares(readers, self._count), strict=True):
            pipe.send(Open(share, per_second / self._count, latest or {}))
        began = moved = told = time.monotonic()
        curve = [(0.0, before)]
        while True:
            counts = self.counts()
            now = time.monotonic()
            if counts.open != curve[-1][1]:
                moved = now
            curve.append((now - began, counts.open))
            if not counts.waiting or now - moved > STALLED_SECONDS:
                break
            if now - told > 5:
                told = now
                rate = (counts.open - before) / (now - began)
                self._say(f"  {counts.open:,} of {wanted:,} readers, {rate:,.0f}/s")
            time.sleep(POLL_SECONDS if wanted > 20_000 else POLL_SECONDS / 10)
        if counts.open < wanted * ENOUGH:
            reasons = [f"{count} × {reason}" for reason, count in counts.refused.most_common(5)]
            reasons += [f"{counts.lost:,} were closed again"] if counts.lost else []
            why = ", ".join(reasons) or "it stalled"
            raise ReadersFailed(f"{counts.open:,} of {wanted:,} readers are open ({why})")
        return Opened(counts, moved - began, curve)

    def counts(self) -> Counts:
        """All processes' counts, summed; since the last `open`."""
        total = Counts()
        for counts in self._ask("count"):
            total.add(counts)
        return total

    def collect(self) -> list[Arrival]:
        """Every frame that came since the last time, by process."""
        return [arrival for part in self._ask("collect") for arrival in part]

    def _ask(self, question: str) -> list:  # type: ignore[type-arg]
        try:
            for pipe in self._pipes:
                pipe.send(question)
            return [pipe.recv() for pipe in self._pipes]
        except (EOFError, OSError):
            raise ReadersFailed("a process of readers ended by itself; its message is above") from None


def sources(number: int) -> list[str]:
    """The loopback addresses from which the process of that number connects, its own, in 127.64.0.0/10."""
    at = [number * SOURCES_A_PROCESS + index for index in range(SOURCES_A_PROCESS)]
    return [f"127.{64 + place // 62_500}.{place // 250 % 250}.{place % 250 + 1}" for place in at]


def shares(readers: Sequence[int], processes: int) -> list[list[tuple[int, int]]]:
    """Deals each thread's readers out to the processes, as evenly as it goes: (thread, readers) for each."""
    dealt: list[list[tuple[int, int]]] = [[] for _ in range(processes)]
    turn = 0
    for index, count in enumerate(readers):
        each, left = divmod(count, processes)
        for place in range(processes):
            amount = each + ((place - turn) % processes < left)
            if amount:
                dealt[place].append((index, amount))
        turn += left
    return dealt


def _live(
    pipe: Connection,
    addresses: Sequence[Address],
    own_sources: Sequence[str],
    rest_seconds: float,
    tie: Callable[[], None],
) -> None:
    tie()
    run(pipe, addresses, own_sources, rest_seconds)


def _address(url: str, origin: str, seq: int) -> Address:
    parts = urlsplit(url)
    if parts.scheme != "ws" or not parts.hostname:
        raise ReadersFailed(f"the readers speak plain ws:// only, not {url.split('?', maxsplit=1)[0]}")
    return Address(
        parts.hostname, parts.port or 80, handshake(parts.netloc, f"{parts.path}?{parts.query}", origin), seq
    )
