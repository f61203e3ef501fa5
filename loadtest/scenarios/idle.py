"""From the 201 to 1,000 readers' sockets, on a machine that does nothing else."""

from loadtest.bench import Bench, CpuMeter, by_delay, cpu_line, delivery_row, seen

READERS = 1_000
PER_SECOND = 5.0
SECONDS = 30.0


def run(bench: Bench) -> None:
    count = bench.at_most(READERS)
    bench.report.heading(f"One quiet thread: {count:,} readers, {PER_SECOND:g} posts a second")
    threads = bench.threads("idle", 1)
    with bench.hold(threads, count) as readers:
        readers.open([count])
        with bench.posting(threads, per_second=PER_SECOND, seconds=bench.seconds(SECONDS)) as posting:
            posting.wait_until_posting()
            meter = CpuMeter(bench.heads(readers))
            posted = posting.wait()
            cores = meter.cores()
        result = bench.arrived(readers, posted, {0: count})
        counts = readers.counts()
    bench.report.table([delivery_row(result, posted)])
    bench.report.text(f"{cpu_line(cores)} {seen(counts)}")
    bench.report.plot(
        "idle", {"messages": by_delay(result)}, x="ms from the 201", y="percent of messages there"
    )
