"""`./run chaos`: kills, floods and lies, one after another, under load; nothing may be lost.

It starts a `./run stack` of its own with live readers (some of them the embed's own engine in node) and
people who write, breaks one part at a time, and afterwards holds what every reader has against what the API
answered. It writes loadtest/results/<date>-chaos.md and ends with status 1 where anything was lost, doubled,
out of order, or later than 30 s. Without arguments every fault comes once, in about twelve minutes.
"""

import argparse
import random
import signal
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from comments.env import BASE_DIR, state_dir
from loadtest.convergence.faults import FAULTS, Fault, Ground
from loadtest.convergence.programs import ProgramFailed
from loadtest.convergence.rounds import Load, Round, Unanswered, run_round
from loadtest.convergence.setting import THREADS, ground, pages, readers
from loadtest.convergence.summary import LEGEND, line, summary
from loadtest.report import Report, free_path
from loadtest.stack import StackFailed

FULL_LOAD: Final = (1_000, 50.0)  # readers, new comments a second
SHORT_LOAD: Final = (120, 15.0)
SHORT: Final = (
    *("formatter killed", "Daphne killed", "API worker killed", "push master killed", "front killed"),
    *("Redis killed", "Redis emptied (FLUSHALL)", "Redis restarted with an empty disk", "PostgreSQL killed"),
    *("push node answers 500 for 12 s", "network lost for 2 s"),
)


class Chaos:
    """One run: the stack, its readers, and the rounds so far."""

    def __init__(self, options: argparse.Namespace, report_path: Path, now: datetime) -> None:
        self._options = options
        self._path = report_path
        self._now = now
        self._chance = random.Random(options.seed)  # noqa: S311  no secret
        self._load = Load(options.posts_per_second)
        if options.short:
            self._load = Load(options.posts_per_second, before=(1.0, 2.0), after=4.0)
        self.rounds: list[Round] = []
        self.skipped: dict[str, str] = {}
        self.broken = ""  # why it ended before its time, or what does not add up in the end
        self.is_reconciled = False

    def run(self) -> bool:
        """True where every round was without fault."""
        say("chaos: starting ./run stack")
        with (
            ground(state_dir() / "chaos", self._chance) as here,
            readers(here, self._options.readers) as programs,
        ):
            threads = pages(here.process.stack)
            say(f"chaos: {self._options.readers} readers, {self._options.posts_per_second:g} posts/s")
            for fault in self._faults():
                if missing := fault.missing():
                    self.skipped[fault.name] = missing
                    continue
                say(f"chaos: {fault.name}")
                try:
                    done = run_round(fault, here, programs, threads, self._load)
                except (StackFailed, ProgramFailed, Unanswered) as error:
                    self.broken = f"{fault.name}: {error}"
                    say(f"chaos: {self.broken}")
                    break
                self.rounds.append(done)
                say(f"  {line(done)}")
                for failure in done.failures:
                    say(f"  FAILED: {failure}")
                self._write()
            if not self.broken:
                self._reconcile(here)
        self._write()
        return not self.broken and bool(self.rounds) and not any(done.failures for done in self.rounds)

    def _reconcile(self, ground: Ground) -> None:
        """The pipeline's own account of itself must add up, too."""
        try:
            ground.process.stack.manage("reconcile")
        except StackFailed as error:
            self.broken = str(error)
            say(f"chaos: {self.broken}")
        else:
            self.is_reconciled = True

    def _faults(self) -> Iterator[Fault]:
        """Each in turn; over again, in another order, until the minutes are over."""
        only = self._options.only or (SHORT if self._options.short else [fault.name for fault in FAULTS])
        chosen = [fault for fault in FAULTS if fault.name in only]
        until = time.monotonic() + 60 * self._options.minutes
        yield from chosen
        while time.monotonic() < until:
            self._chance.shuffle(chosen)
            for fault in chosen:
                if time.monotonic() > until:
                    return
                yield fault

    def _write(self) -> None:
        report = Report(self._path, title="nothing is lost", now=self._now)
        report.text(
            f"`./run chaos`: {self._options.readers:,} readers of {THREADS} threads, "
            f"{self._options.posts_per_second:g} new comments a second and half as many edits, deletions and "
            f"votes. Seed {self._options.seed}."
        )
        if self.rounds:
            report.table(summary(self.rounds))
            if self.is_reconciled:
                report.text("`./run manage reconcile` in the end: everything is explained.")
            report.text(LEGEND)
        for name, missing in self.skipped.items():
            report.text(f"Not done: {name}: {missing}.")
        failures = [f"{done.fault}: {failure}" for done in self.rounds for failure in done.failures]
        for failure in [*failures, *([self.broken] if self.broken else [])]:
            report.text(f"**Failed:** {failure}")


def say(text: str) -> None:
    print(text, flush=True)


def parsed(arguments: list[str]) -> argparse.Namespace:
    names = [fault.name for fault in FAULTS]
    parser = argparse.ArgumentParser(
        prog="./run chaos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=0.0, help="goes on with more rounds for so long")
    parser.add_argument("--only", nargs="+", choices=names, metavar="FAULT", help=f"of: {'; '.join(names)}")
    parser.add_argument("--short", action="store_true", help="the commonest faults, in about two minutes")
    parser.add_argument("--readers", type=int)
    parser.add_argument("--posts-per-second", type=float)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--results", type=Path, help="the file to write")
    options = parser.parse_args(arguments)
    readers, per_second = SHORT_LOAD if options.short else FULL_LOAD
    options.readers = options.readers or readers
    options.posts_per_second = options.posts_per_second or per_second
    return options


def main(arguments: list[str]) -> int:
    options = parsed(arguments)
    now = datetime.now(UTC)
    path = options.results or free_path(BASE_DIR / "loadtest" / "results", f"{now:%Y-%m-%d}-chaos")
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        is_well = Chaos(options, path, now).run()
    except (StackFailed, ProgramFailed) as error:
        say(f"chaos: {error}")
        return 1
    except KeyboardInterrupt:
        say("chaos: interrupted")
        return 130
    say(f"chaos: {path}")
    return 0 if is_well else 1


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
