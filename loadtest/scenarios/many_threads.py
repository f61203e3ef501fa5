"""Many threads at once, a few of them busy: readers and posts fall off by Zipf's law."""

from loadtest.bench import Bench, CpuMeter, by_delay, cpu_line, delivery_row, seen

THREADS = 1_000
READERS = 10_000
PER_SECOND = 200.0
SECONDS = 20.0


def run(bench: Bench) -> None:
    count = bench.at_most(READERS)
    weights = zipf(bench.at_most(THREADS))
    held = apportioned(count, weights)
    bench.report.heading(
        f"{len(weights):,} threads by Zipf's law: {count:,} readers, {PER_SECOND:g} posts a second"
    )
    threads = bench.threads("zipf", len(weights))
    with bench.hold(threads, count) as readers:
        readers.open(held)
        with bench.posting(
            threads, per_second=PER_SECOND, seconds=bench.seconds(SECONDS), weights=weights
        ) as posting:
            posting.wait_until_posting()
            meter = CpuMeter(bench.heads(readers) | {"posters": posting.pid})
            posted = posting.wait()
            cores = meter.cores()
        result = bench.arrived(readers, posted, dict(enumerate(held)))
        counts = readers.counts()
    bench.report.text(f"The busiest thread has {held[0]:,} readers, the least busy {held[-1]:,}.")
    bench.report.table([delivery_row(result, posted)])
    bench.report.text(f"{cpu_line(cores)} {seen(counts)}")
    bench.report.plot(
        "many-threads", {"messages": by_delay(result)}, x="ms from the 201", y="percent of messages there"
    )


def zipf(count: int) -> list[float]:
    """The shares of `count` things whose n-th is a n-th as frequent as the first; they sum to 1."""
    total = sum(1 / rank for rank in range(1, count + 1))
    return [1 / rank / total for rank in range(1, count + 1)]


def apportioned(count: int, shares: list[float]) -> list[int]:
    """Whole numbers that sum to `count`, as near to the shares as it goes (largest remainders)."""
    exact = [count * share for share in shares]
    whole = [int(part) for part in exact]
    by_remainder = sorted(range(len(exact)), key=lambda index: whole[index] - exact[index])
    for index in by_remainder[: count - sum(whole)]:
        whole[index] += 1
    return whole
