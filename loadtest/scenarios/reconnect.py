"""Everybody comes back at once and asks what they missed: what of that reaches the API.

`./run load --only reconnect --readers 20000`, so that the push instance has room for them.
"""

import contextlib
import os
import random
import signal
import time
from collections import Counter
from itertools import count
from typing import Final

from loadtest.bench import Bench, say
from loadtest.convergence.authors import Authors
from loadtest.convergence.ledger import Ledger
from loadtest.convergence.programs import PYTHON_READERS, ReaderProgram
from loadtest.convergence.rounds import Seen, p99_ms
from loadtest.readers import ENOUGH

READERS: Final = 20_000
READERS_A_PROGRAM: Final = 2_500
THREADS: Final = 200
PER_SECOND: Final = 20.0
OPEN_SECONDS: Final = 400.0  # one after another, beside the other end of all these sockets
BEFORE_SECONDS: Final = 10.0
BACK_SECONDS: Final = 90.0
AFTER_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 1.0


def run(bench: Bench) -> None:
    readers = bench.at_most(min(bench.readers, READERS))
    threads = bench.threads("reconnect", THREADS)
    bench.report.heading(
        f"{readers:,} readers of {THREADS} threads, by the embed's own rule, when the push instance is killed"
    )
    numbers = count()
    with contextlib.ExitStack() as context:
        programs = []
        for _ in range(-(-readers // READERS_A_PROGRAM)):
            pages = [threads[next(numbers) % THREADS].page for _ in range(min(READERS_A_PROGRAM, readers))]
            orders = [
                {"site": p["site"], "page_id": p["page_id"], "url": p["url"], "via": "push"} for p in pages
            ]
            argv = [*PYTHON_READERS, bench.stack.base_url]
            programs.append(context.enter_context(ReaderProgram("readers", argv, orders)))
        for program in programs:
            program.begin_opening()
        opened = sum(program.end_opening(OPEN_SECONDS) for program in programs)
        say(f"  {opened:,} readers have their page and a socket")
        ledger = Ledger()
        chance = random.Random(1)  # noqa: S311  no secret
        authors = Authors(bench.stack, threads, ledger, per_second=PER_SECOND, chance=chance)
        watch = _Watch([Seen(program) for program in programs])
        watch.look_for(bench.seconds(BEFORE_SECONDS))
        quiet = max(watch.per_second)
        os.kill(bench.stack.pids()["push"], signal.SIGKILL)
        killed_at = time.monotonic()
        live = watch.look()["live"]
        while live < ENOUGH * opened and time.monotonic() - killed_at < BACK_SECONDS:
            live = watch.look()["live"]
        back = time.monotonic() - killed_at
        watch.look_for(bench.seconds(AFTER_SECONDS))
        authors.finish(seconds=BACK_SECONDS)
    bench.report.table(
        [
            {
                "readers": opened,
                "back": live,
                "after s": back,
                "requests of readers": watch.requests.total(),
                **dict(watch.requests),
                "of these at the API": watch.at_api,
                "API requests/s, most": max(watch.per_second),
                "before, most": quiet,
                "POST p99 before ms": p99_ms([sent for sent in authors.sent if sent.at < killed_at]),
                "POST p99 after ms": p99_ms([sent for sent in authors.sent if sent.at >= killed_at]),
                "posts": ledger.accepted,
            }
        ]
    )


class _Watch:
    """Looks at all programs once a second."""

    def __init__(self, seen: list[Seen]) -> None:
        self._seen = seen
        self._next = time.monotonic()
        self.requests: Counter[str] = Counter()
        self.at_api = 0
        self.per_second: list[float] = []  # at the API, by look
        self._looked_at = time.monotonic()
        self.look()
        self.requests.clear()  # what opening cost
        self.per_second.clear()
        self.at_api = 0

    def look(self) -> Counter[str]:
        """Waits for its second; how many readers are in which state."""
        self._next = max(self._next + LOOK_SECONDS, time.monotonic())
        time.sleep(max(0.0, self._next - time.monotonic()))
        states: Counter[str] = Counter()
        uncached = 0
        for of_program in self._seen:
            of_program.program.ask_all()
        for of_program in self._seen:
            told = of_program.program.told()
            states.update(told["states"])
            for kind, (total, missed) in told["requests"].items():
                self.requests[kind] += total
                uncached += missed
        now = time.monotonic()
        self.per_second.append(uncached / (now - self._looked_at))
        self._looked_at = now
        self.at_api += uncached
        return states

    def look_for(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.look()
