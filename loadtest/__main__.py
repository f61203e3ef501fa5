"""`./run load`: measures the production shape on this machine and writes loadtest/results/<date>.md.

Without arguments it takes about twelve minutes. --readers 1000000 is the long ramp: first it says which of
the kernel's limits are too low for that, and ends unless --raise-limits lets it set them.
"""

import argparse
import contextlib
import importlib
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from comments.env import BASE_DIR, state_dir
from loadtest import limits
from loadtest.bench import Bench, say
from loadtest.closed_loop import NoAnswer
from loadtest.convergence.programs import ProgramFailed
from loadtest.posting import PostersFailed
from loadtest.readers import ReadersFailed
from loadtest.report import Report, free_path
from loadtest.stack import Stack, StackFailed, started
from realtime.push_connection import ConnectionLost

SHORT: Final = (
    *("idle", "hot_thread", "many_threads", "writing", "reading", "page_load"),
    *("ramp", "one_thread", "storm", "plain_nchan"),
)
LONG: Final = ("ramp", "one_thread")
SCENARIOS: Final = (*SHORT, "reconnect", "peers", "long_threads", "moderation")
SHORT_READERS: Final = 10_000


def main(arguments: list[str]) -> int:
    options = parsed(arguments)
    readers = options.readers or SHORT_READERS
    names = options.only or (LONG if options.readers else SHORT)
    if not may_begin(readers, raise_limits=options.raise_limits):
        return 1
    now = datetime.now(UTC)
    path = options.results or free_path(BASE_DIR / "loadtest" / "results", f"{now:%Y-%m-%d}")
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        with contextlib.ExitStack() as stack:
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kibitz-load-")))
            target = stack.enter_context(_target(options.base_url, readers))
            report = Report(path, title=_title(names), now=now)
            bench = Bench(target, report, scratch, readers, quick=options.quick)
            return measure(names, bench)
    except StackFailed as error:
        say(f"load: {error}")
    except KeyboardInterrupt:
        say("load: interrupted; what was measured so far is kept")
        return 130
    return 1


def measure(names: tuple[str, ...] | list[str], bench: Bench) -> int:
    """Runs the scenarios one after the other; one that fails is said and does not stop the others."""
    failed = []
    for name in names:
        say(f"load: {name}")
        began = time.monotonic()
        try:
            scenario(name)(bench)
        except (StackFailed, PostersFailed, ReadersFailed, ProgramFailed, NoAnswer, ConnectionLost) as error:
            failed.append(name)
            bench.report.text(f"**Failed:** {error}")
            say(f"load: {name} failed: {error}")
        say(f"load: {name} took {time.monotonic() - began:.0f} s")
    say(f"load: {bench.report.path}")
    if failed:
        say(f"load: failed: {', '.join(failed)}")
    return bool(failed)


def scenario(name: str) -> Callable[[Bench], None]:
    run: Callable[[Bench], None] = importlib.import_module(f"loadtest.scenarios.{name}").run
    return run


def may_begin(readers: int, *, raise_limits: bool) -> bool:
    """Says what is too low for so many readers; False where something still is."""
    low = limits.too_low(readers)
    if low:
        say(f"load: too low for {readers:,} readers with both ends on this machine:")
        for limit in low:
            say(f"  {limit.line}    # now {limit.value}: {limit.reason}")
    if low and raise_limits:
        try:
            limits.raise_limits(low)
        except OSError as error:
            say(f"load: could not raise them: {error}")
            return False
        say("load: raised until the next boot")
        low = []
    shortages = limits.shortages(readers)
    for shortage in shortages:
        say(f"load: {shortage}")
    if low:
        say("load: set them with sysctl -w, or as root add --raise-limits")
    return not low and not shortages


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./run load", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--readers", type=_count, help="the long ramp, up to so many readers")
    parser.add_argument(
        "--only", nargs="+", choices=SCENARIOS, metavar="SCENARIO", help=f"of {', '.join(SCENARIOS)}"
    )
    parser.add_argument(
        "--raise-limits", action="store_true", help="set the kernel's limits where they are too low"
    )
    parser.add_argument(
        "--base-url", help="a ./run stack that is up, on KIBITZ_STATE_DIR, instead of a new one"
    )
    parser.add_argument("--results", type=Path, help="the file to write")
    parser.add_argument(
        "--quick", action="store_true", help="a few seconds each: whether everything runs, no figures"
    )
    return parser.parse_args(arguments)


@contextlib.contextmanager
def _target(base_url: str | None, readers: int) -> Iterator[Stack]:
    if base_url:
        stack = Stack(base_url.rstrip("/"), state_dir(), site=f"load-{int(time.time())}")
        stack.make_site()
        yield stack
        return
    say("load: starting ./run stack")
    with started(state_dir() / "load", readers=readers) as stack:
        yield stack


def _title(names: Sequence[str]) -> str:
    return "beside other comment systems" if list(names) == ["peers"] else "the push tier under load"


def _count(text: str) -> int:
    digits = text.replace("_", "").replace(",", "")
    if not digits.isdecimal() or int(digits) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of readers")
    return int(digits)


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
