"""More and more readers: connections a second, memory a reader, and whether a post reaches all of them."""

import time
from collections.abc import Sequence

from loadtest import resources
from loadtest.arrivals import Delivered
from loadtest.bench import Bench, CpuMeter, by_delay, cpu_line, delivery_row, say
from loadtest.posting import Posted
from loadtest.readers import Opened, Readers
from loadtest.resources import Memory
from loadtest.stack import Thread

STEPS = (10_000, 100_000, 300_000, 1_000_000)
THREADS = 1_000
PER_SECOND = 25.0
SECONDS = 45.0  # more than a post to each thread, in turn
SETTLE_SECONDS = 3.0  # sockets that have just opened give memory back


def run(bench: Bench) -> None:
    steps = steps_to(bench.readers)
    bench.report.heading(f"Readers held: up to {steps[-1]:,} over {THREADS:,} threads, signed addresses")
    threads = bench.threads("ramp", THREADS)
    memory_rows, rows, lines, curves = [], [], [], {}
    wave_curves: dict[str, list[tuple[float, float]]] = {}
    with bench.hold(threads, steps[-1]) as readers:
        empty = resources.memory(bench.heads(readers))
        held = 0
        latest: dict[int, int] = {}
        for step in steps:
            say(f"  to {step:,} readers")
            opened = readers.open(spread(step, THREADS, held), latest=latest)
            held = step
            time.sleep(SETTLE_SECONDS)
            full = resources.memory(bench.heads(readers))
            memory_rows.append(
                {"readers": step, "connections/s": rate(opened), **per_reader(empty, full, step)}
            )
            wave_curves[f"to {step:,}"] = [(at, float(count)) for at, count in opened.curve]
            row, line, result, posted = posts_at(step, bench, threads, readers)
            by_seq = sorted(posted.answers, key=lambda answer: answer.seq)
            latest |= {answer.thread: answer.seq for answer in by_seq}
            rows.append(row)
            lines.append(line)
            curves[f"{step:,} readers"] = by_delay(result)
    bench.report.table(memory_rows)
    bench.report.text(
        "Kilobytes (1,000 bytes) a reader, above what was there before the first: of the push instance's and "
        "the readers' own processes (PSS), of the kernel for both ends (slab and what waits in sockets), and "
        "in all by what the machine has left (MemAvailable)."
    )
    bench.report.table(rows)
    bench.report.text(
        "`known` are the missing messages of which the reader knows, by a gap in the numbers or a head that "
        "is beyond its own: an embed asks the API for them, these readers do not."
    )
    bench.report.text("\n\n".join(lines))
    plots(bench, memory_rows, rows, wave_curves)
    bench.report.plot("ramp-delays", curves, x="ms from the 201", y="percent of messages there")


def posts_at(
    readers_open: int, bench: Bench, threads: Sequence[Thread], readers: Readers
) -> tuple[dict[str, object], str, Delivered, Posted]:
    """Posts to each thread in turn: the table's row, the processors' line, what came, and of what."""
    before = readers.counts()
    with bench.posting(threads, per_second=PER_SECOND, seconds=bench.seconds(SECONDS)) as posting:
        posting.wait_until_posting()
        meter = CpuMeter(bench.heads(readers))
        posted = posting.wait()
        line = f"With {readers_open:,} readers: {cpu_line(meter.cores())}"
    result = bench.arrived(readers, posted, dict(enumerate(spread(readers_open, THREADS, 0))))
    counts = readers.counts()
    known = counts.skipped + counts.told - before.skipped - before.told
    lost = {"readers": readers_open, "lost": counts.lost}
    return lost | delivery_row(result, posted) | {"known": known}, line, result, posted


def plots(
    bench: Bench,
    memory_rows: list[dict[str, object]],
    rows: list[dict[str, object]],
    waves: dict[str, list[tuple[float, float]]],
) -> None:
    bench.report.plot("ramp-connecting", waves, x="seconds", y="readers open")
    by_readers = {
        name: [(number(row["readers"]), number(row[name])) for row in memory_rows]
        for name in ("push KB", "kernel KB", "in all KB")
    }
    bench.report.plot("ramp-memory", by_readers, x="readers", y="KB a reader", log_x=True)
    latency = {
        name: [(number(row["readers"]), number(row[name])) for row in rows] for name in ("p50 ms", "p99 ms")
    }
    bench.report.plot("ramp-latency", latency, x="readers", y="ms from the 201", log_x=True)


def steps_to(readers: int) -> list[int]:
    """The usual steps below the number that was asked for, and that."""
    return [step for step in STEPS if step < readers] + [readers]


def spread(readers: int, threads: int, before: int) -> list[int]:
    """How many each thread gets when `before` readers become `readers`, each time as evenly as it goes."""
    return [_share(readers, threads, index) - _share(before, threads, index) for index in range(threads)]


def per_reader(empty: Memory, full: Memory, readers: int) -> dict[str, object]:
    def kilobytes(after: float, before: float) -> float:
        return (after - before) / readers / 1000

    return {
        "push KB": kilobytes(full.services.get("push", 0), empty.services.get("push", 0)),
        "readers KB": kilobytes(full.services["readers"], empty.services["readers"]),
        "kernel KB": kilobytes(full.slab + full.queues, empty.slab + empty.queues),
        "in all KB": kilobytes(-full.available, -empty.available),
        "free GiB": full.available / 2**30,
    }


def rate(opened: Opened) -> float:
    """Connections a second of this wave alone."""
    return (opened.curve[-1][1] - opened.curve[0][1]) / opened.seconds if opened.seconds else 0.0


def number(value: object) -> float:
    assert isinstance(value, (int, float))
    return float(value)


def _share(readers: int, threads: int, index: int) -> int:
    return readers // threads + (index < readers % threads)
