"""Everybody comes back at once: the push instance is killed, and each reader knocks until it is in again."""

import os
import signal
import time
from collections.abc import Callable

from loadtest.bench import Bench, delivery_row, say
from loadtest.stack import StackFailed

MOST = 50_000
THREADS = 100
PER_SECOND = 20.0
SECONDS = 15.0
BACK_SECONDS = 30.0


def run(bench: Bench) -> None:
    count = min(bench.readers, MOST)
    bench.report.heading(
        f"A storm: {count:,} readers lose their sockets and come back as fast as they are let in"
    )
    threads = bench.threads("storm", THREADS)
    each = [count // THREADS] * THREADS
    with bench.hold(threads, count) as readers:
        first = readers.open(each)
        os.kill(bench.stack.pids()["push"], signal.SIGKILL)
        killed_at = time.monotonic()
        _until(lambda: not readers.counts().open, "the sockets to close")
        _until(bench.stack.is_up, "the push instance to be back")
        away = time.monotonic() - killed_at
        say(f"  the push instance was away for {away:.1f} s; all come back")
        with bench.posting(threads, per_second=PER_SECOND, seconds=bench.seconds(SECONDS)) as posting:
            again = readers.open(each)
            during = posting.wait()
        readers.collect()
        with bench.posting(threads, per_second=PER_SECOND, seconds=bench.seconds(SECONDS)) as posting:
            posted = posting.wait()
        result = bench.arrived(readers, posted, dict(enumerate(each)))
    bench.report.table(
        [
            {
                "readers": again.counts.open,
                "first connections/s": first.per_second,
                "push away s": away,
                "all back s": again.seconds,
                "connections/s": again.per_second,
                "failed attempts": again.counts.refused.total(),
                "POST p50 ms meanwhile": during.answer_ms(0.5),
                "POST p99 ms meanwhile": during.answer_ms(0.99),
                "posts refused": during.failed,
            }
        ]
    )
    bench.report.text("Afterwards, to the same sockets:")
    bench.report.table([delivery_row(result, posted)])
    bench.report.plot("storm", {"open": again.curve}, x="seconds", y="readers open")


def _until(condition: Callable[[], bool], what: str) -> None:
    give_up_at = time.monotonic() + BACK_SECONDS
    while not condition():
        if time.monotonic() > give_up_at:
            raise StackFailed(f"waited {BACK_SECONDS:g} s for {what}")
        time.sleep(0.05)
