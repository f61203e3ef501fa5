"""Pages being opened while people post: every request that an embed's start makes, over 100 pages."""

from urllib.parse import urlencode

from loadtest.bench import Bench, CpuMeter, cpu_line
from loadtest.closed_loop import closed_loop
from loadtest.http_requests import pages
from loadtest.stack import Thread

THREADS = 100
CLIENTS = 16
PER_SECOND = 10.0
SECONDS = 10.0


def run(bench: Bench) -> None:
    bench.report.heading(
        f"Pages opened by {CLIENTS} clients, {THREADS} threads, {PER_SECOND:g} posts a second"
    )
    threads = bench.threads("pages", THREADS)
    seconds = bench.seconds(SECONDS)
    with bench.posting(threads, per_second=PER_SECOND, seconds=seconds + 2) as posting:
        posting.wait_until_posting()
        meter = CpuMeter(bench.heads() | {"posters": posting.pid})
        host = bench.stack.base_url.removeprefix("http://")
        asked = [paths(bench.stack.site, thread) for thread in threads]
        rate = closed_loop(bench.stack.address, pages(asked, host), clients=CLIENTS, seconds=seconds)
        cores = meter.cores()
        posted = posting.wait()
    bench.report.table(
        [
            {
                "pages/s": rate.per_second / len(asked[0]),
                "requests/s": rate.per_second,
                "p50 ms": rate.ms(0.5),
                "p99 ms": rate.ms(0.99),
                "failed": rate.failed,
                "posts": len(posted.answers),
                "POST p50 ms": posted.answer_ms(0.5),
                "POST p99 ms": posted.answer_ms(0.99),
                "posts refused": posted.failed,
            }
        ]
    )
    bench.report.text(
        f"A page: the loader, the document with the first page, what came since. {cpu_line(cores)}"
    )


def paths(site: str, thread: Thread) -> list[str]:
    query = urlencode({"url": thread.page["url"], "page_id": thread.page["page_id"]})
    return [
        "/embed.js",
        f"/embed/{site}/?{query}",
        f"/api/v1/threads/{thread.key}/events/?after={thread.seq}",
    ]
