"""One thread that everybody reads and many write to: 10,000 readers at 100 posts a second, then more."""

from loadtest.bench import Bench, CpuMeter, by_delay, cpu_line, delivery_row, seen

READERS = 10_000
RATES = (100.0, 200.0, 300.0)
SECONDS = 20.0
WARM_UP_SECONDS = 5.0  # the thread's first posts: until then nobody knows how many read it


def run(bench: Bench) -> None:
    count = bench.at_most(READERS)
    bench.report.heading(f"One hot thread: {count:,} readers, posts through the API")
    threads = bench.threads("hot", 1)
    rows, lines, curves = [], [], {}
    with bench.hold(threads, count) as readers:
        readers.open([count])
        with bench.posting(threads, per_second=RATES[0], seconds=bench.seconds(WARM_UP_SECONDS)) as posting:
            posting.wait()
        readers.collect()
        for rate in RATES:
            with bench.posting(threads, per_second=rate, seconds=bench.seconds(SECONDS)) as posting:
                posting.wait_until_posting()
                meter = CpuMeter(bench.heads(readers) | {"posters": posting.pid})
                posted = posting.wait()
                cores = meter.cores()
            result = bench.arrived(readers, posted, {0: count})
            counts = readers.counts()
            rows.append({"readers": count, "asked posts/s": rate, **delivery_row(result, posted)})
            lines.append(f"At {rate:g}: {cpu_line(cores)} {seen(counts)}")
            curves[f"{rate:g} posts/s"] = by_delay(result)
    bench.report.table(rows)
    bench.report.text("\n\n".join(lines))
    bench.report.plot("hot-thread", curves, x="ms from the 201", y="percent of messages there")
