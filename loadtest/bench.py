"""What every scenario works with: the stack, threads, readers, posters, and the meters."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from loadtest import resources
from loadtest.arrivals import Delivered, delivered
from loadtest.posting import Posted, Posting
from loadtest.reader_messages import Counts
from loadtest.readers import Readers
from loadtest.report import Report
from loadtest.stack import Stack, Thread

STRAGGLER_SECONDS: Final = 12.0  # an event that a dead formatter held is claimed after 10 s
POLL_SECONDS: Final = 0.5


def say(text: str) -> None:
    print(text, flush=True)


@dataclass(slots=True)
class Bench:
    stack: Stack
    report: Report
    scratch: Path
    readers: int  # of the scenarios that go as far as one is asked to
    quick: bool = False  # a few seconds each: to see that everything runs

    def seconds(self, wanted: float) -> float:
        return min(wanted, 5.0) if self.quick else wanted

    def at_most(self, wanted: int) -> int:
        """So many readers, or fewer in a quick run."""
        return min(wanted, 500) if self.quick else wanted

    def threads(self, name: str, count: int) -> list[Thread]:
        return [self.stack.thread(f"{name}-{number}") for number in range(count)]

    def hold(self, threads: Sequence[Thread], most: int) -> Readers:
        """Readers of these threads, none open yet; a context."""
        return Readers(
            [(thread.live, thread.seq) for thread in threads], origin=self.stack.base_url, most=most, say=say
        )

    def posting(
        self, threads: Sequence[Thread], *, per_second: float, seconds: float, weights: Sequence[float] = ()
    ) -> Posting:
        return Posting(
            self.stack,
            threads,
            per_second=per_second,
            seconds=seconds,
            weights=weights,
            scratch=self.scratch,
        )

    def arrived(self, readers: Readers, posted: Posted, held: dict[int, int]) -> Delivered:
        """What came of the posts; waits for stragglers as long as any come."""
        arrivals = readers.collect()
        result = delivered(arrivals, posted.answers, held)
        moved = time.monotonic()
        while result.missing > 0 and time.monotonic() - moved < STRAGGLER_SECONDS:
            time.sleep(POLL_SECONDS)
            if more := readers.collect():
                moved = time.monotonic()
                arrivals += more
                result = delivered(arrivals, posted.answers, held)
        return result

    def heads(self, readers: Readers | None = None) -> dict[str, int | list[int]]:
        """The processes that lead each service, and the readers' own: what the meters are told."""
        leaders: dict[str, int | list[int]] = dict(self.stack.pids())
        if readers is not None:
            leaders["readers"] = readers.pids
        return leaders


class CpuMeter:
    """Cores used by each service between two moments."""

    def __init__(self, leaders: dict[str, int | list[int]]) -> None:
        self._leaders = leaders
        self._at = time.monotonic()
        self._before = resources.cpu_seconds(leaders)
        self._busy = resources.busy_seconds()

    def cores(self) -> dict[str, float]:
        """Percent of a core by name since the start, the largest first; `machine` is percent of all cores."""
        seconds = time.monotonic() - self._at
        after = resources.cpu_seconds(self._leaders)
        used = {name: 100 * (after[name] - self._before.get(name, 0.0)) / seconds for name in after}
        busy, everything = (
            now - then for now, then in zip(resources.busy_seconds(), self._busy, strict=True)
        )
        ordered = dict(sorted(used.items(), key=lambda item: -item[1]))
        return ordered | {"machine": 100 * busy / everything if everything else 0.0}


def cpu_line(cores: dict[str, float]) -> str:
    """`push 65 %, readers 36 %, …` without what used next to nothing."""
    return (
        "CPU, in percent of a core: "
        + ", ".join(f"{name} {used:.0f}" for name, used in cores.items() if used >= 1 and name != "machine")
        + f"; the machine was {cores['machine']:.0f} % busy."
    )


def seen(counts: Counts) -> str:
    """What the readers noticed themselves."""
    return (
        f"Sockets lost: {counts.lost}; by the events' numbers, summed over the readers: out of order "
        f"{counts.late:,}, missing before a later one {counts.skipped:,}, missing at the end and told so by "
        f"a head {counts.told:,}, repeated {counts.repeated:,}."
    )


def delivery_row(result: Delivered, posted: Posted) -> dict[str, object]:
    """The columns that every scenario with readers has."""
    return {
        "posts": len(posted.answers),
        "refused": posted.failed,
        "posts/s": posted.per_second,
        "POST p50 ms": posted.answer_ms(0.5),
        "POST p99 ms": posted.answer_ms(0.99),
        "messages": result.messages,
        "missing": result.missing,
        "messages/s": result.messages_per_second,
        "frames/s": result.frames_per_second,
        "posts a frame": result.messages / result.frames if result.frames else 0.0,
        "p50 ms": result.delay_ms(0.5),
        "p99 ms": result.delay_ms(0.99),
        "max ms": result.delay_ms(1.0),
    }


def by_delay(result: Delivered) -> list[tuple[float, float]]:
    """(milliseconds, percent of the messages that had come by then), for a plot."""
    return [(result.delay_ms(share), 100 * share) for share in (n / 200 for n in range(1, 201))]
