"""Everybody comes back at once and asks what they missed: what of that reaches the API.

`./run load --only reconnect --readers 20000`, so that the push instance has room for them.
"""

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

from loadtest.bench import Bench, say
from loadtest.convergence.authors import Authors
from loadtest.convergence.faults import children
from loadtest.convergence.ledger import Ledger
from loadtest.convergence.programs import PYTHON_READERS, ReaderProgram
from loadtest.convergence.rounds import p99_ms
from loadtest.readers import ENOUGH
from loadtest.stack import Thread

READERS: Final = (5_000, 20_000)
READERS_A_PROGRAM: Final = 2_500
NICE: Final = ("nice", "-n", "5")  # readers have machines of their own
THREADS: Final = 200
PER_SECOND: Final = 20.0
OPEN_SECONDS: Final = 400.0  # one after another, beside the other end of all these sockets
BEFORE_SECONDS: Final = 10.0
BACK_SECONDS: Final = 90.0
AFTER_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 1.0


def run(bench: Bench) -> None:
    threads = bench.threads("reconnect", THREADS)
    bench.report.heading(
        f"Readers of {THREADS} threads, by the embed's own rule, when the push instance is killed"
    )
    sizes = sorted({bench.at_most(min(bench.readers, size)) for size in READERS})
    bench.report.table([_come_back(bench, threads, readers) for readers in sizes])


def _come_back(bench: Bench, threads: Sequence[Thread], readers: int) -> dict[str, object]:
    with contextlib.ExitStack() as context:
        programs = [
            context.enter_context(_program(bench, threads, first, min(READERS_A_PROGRAM, readers - first)))
            for first in range(0, readers, READERS_A_PROGRAM)
        ]
        for program in programs:
            program.begin_opening()
        opened = sum(program.end_opening(OPEN_SECONDS) for program in programs)
        say(f"  {opened:,} readers have their page and a socket")
        ledger = Ledger()
        chance = random.Random(1)  # noqa: S311  no secret
        authors = Authors(bench.stack, threads, ledger, per_second=PER_SECOND, chance=chance)
        watch = _Watch(programs)
        watch.look_for(bench.seconds(BEFORE_SECONDS))
        quiet = max(watch.per_second)
        master = bench.stack.pids()["push"]
        for pid in (master, *children(master)):
            os.kill(pid, signal.SIGKILL)
        killed_at = time.monotonic()
        live = least = watch.look()
        while live < ENOUGH * opened and time.monotonic() - killed_at < BACK_SECONDS:
            live = watch.look()
            least = min(live, least)
        back = time.monotonic() - killed_at
        watch.look_for(bench.seconds(AFTER_SECONDS))
        authors.finish(seconds=BACK_SECONDS)
    return {
        "readers": opened,
        "least live": least,
        "live again": live,
        "after s": back,
        "requests of readers": watch.requests.total(),
        **dict(watch.requests),
        "of these at the API": watch.at_api,
        "without an answer": watch.unanswered,
        "API requests/s, most": max(watch.per_second),
        "before, most": quiet,
        "POST p99 before ms": p99_ms([sent for sent in authors.sent if sent.at < killed_at]),
        "POST p99 after ms": p99_ms([sent for sent in authors.sent if sent.at >= killed_at]),
        "posts": ledger.accepted,
    }


def _program(bench: Bench, threads: Sequence[Thread], first: int, readers: int) -> ReaderProgram:
    """Of the readers with these numbers; they connect from an address of the program's own."""
    pages = [threads[number % THREADS].page for number in range(first, first + readers)]
    orders = [{"site": p["site"], "page_id": p["page_id"], "url": p["url"], "via": "push"} for p in pages]
    address = f"127.0.1.{1 + first // READERS_A_PROGRAM}"
    return ReaderProgram("readers", [*NICE, *PYTHON_READERS, bench.stack.base_url, address], orders)


class _Watch:
    """Looks at all programs once a second."""

    def __init__(self, programs: Sequence[ReaderProgram]) -> None:
        self._programs = programs
        self._next = time.monotonic()
        self.requests: Counter[str] = Counter()
        self.at_api = self.unanswered = 0
        self.per_second: list[float] = []  # at the API, by look
        self._looked_at = time.monotonic()
        self.look()
        self.requests.clear()  # what opening cost
        self.per_second.clear()
        self.at_api = self.unanswered = 0

    def look(self) -> int:
        """Waits for its second; how many readers are live."""
        self._next = max(self._next + LOOK_SECONDS, time.monotonic())
        time.sleep(max(0.0, self._next - time.monotonic()))
        live = uncached = 0
        for program in self._programs:
            program.ask_all()
        for program in self._programs:
            told = program.told()
            live += told["states"]["live"]
            for kind, (total, missed, unanswered) in told["requests"].items():
                self.requests[kind] += total
                self.unanswered += unanswered
                uncached += missed
        now = time.monotonic()
        self.per_second.append(uncached / (now - self._looked_at))
        self._looked_at = now
        self.at_api += uncached
        return live

    def look_for(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.look()
