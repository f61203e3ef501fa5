"""POSTs a second: a closed loop round 100 threads, with bodies of about 200 characters."""

from statistics import median_low

from loadtest.bench import Bench, CpuMeter, cpu_line
from loadtest.closed_loop import closed_loop
from loadtest.http_requests import posts
from loadtest.texts import texts

THREADS = 100
CLIENTS = (1, 16, 64)
SECONDS = 4.0
ROUNDS = 3


def run(bench: Bench) -> None:
    bench.report.heading(f"POSTs a second through the front, {THREADS} threads, nobody reading")
    threads = bench.threads("writing", THREADS)
    requests = posts(threads, texts(), bench.stack.base_url.removeprefix("http://"))
    rows = []
    meter = CpuMeter(bench.heads())
    for clients in CLIENTS:
        rates = [
            closed_loop(bench.stack.address, requests, clients=clients, seconds=bench.seconds(SECONDS))
            for _ in range(1 if bench.quick else ROUNDS)
        ]
        middle = median_low(rate.per_second for rate in rates)
        rate = next(rate for rate in rates if rate.per_second == middle)
        rows.append(
            {
                "clients": clients,
                "POST/s": rate.per_second,
                "lowest": min(rate.per_second for rate in rates),
                "highest": max(rate.per_second for rate in rates),
                "p50 ms": rate.ms(0.5),
                "p99 ms": rate.ms(0.99),
                "refused": sum(rate.failed for rate in rates),
            }
        )
    bench.report.table(rows)
    bench.report.text(f"The median of {ROUNDS} runs. {cpu_line(meter.cores())}")
