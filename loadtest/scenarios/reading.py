"""A thread's first page: requests a second by the thread's size, from the front's cache and from the API."""

import http.client
import time
from itertools import repeat
from statistics import median_low

from loadtest.bench import Bench, say
from loadtest.closed_loop import Rate, closed_loop
from loadtest.http_requests import FORWARDED, get
from loadtest.stack import StackFailed

SIZES = (10, 100, 1_000, 10_000, 100_000)
QUICK_SIZES = (10, 100)
CLIENTS = 16
SECONDS = 2.0
ROUNDS = 3
GZIP = "Accept-Encoding: gzip\r\n"


def run(bench: Bench) -> None:
    bench.report.heading(f"A thread's first page (50 roots), {CLIENTS} clients")
    host = bench.stack.base_url.removeprefix("http://")
    api = bench.stack.api_socket()
    rows = []
    for size in QUICK_SIZES if bench.quick else SIZES:
        say(f"  a thread of {size:,} posts")
        path = filled(bench, size)
        row: dict[str, object] = {"posts": size, "bytes": length(bench, path, gzip=False)}
        row["gzip bytes"] = length(bench, path, gzip=True)
        for name, address, headers in (
            ("front", bench.stack.address, ""),
            ("front, gzip", bench.stack.address, GZIP),
            ("API", api, FORWARDED),
            ("API, gzip", api, FORWARDED + GZIP),
        ):
            rate = rated(bench, address, get(path, host, headers), CLIENTS)
            row |= {f"{name}/s": rate.per_second, f"{name} p99 ms": rate.ms(0.99)}
        row["API alone p50 ms"] = rated(bench, api, get(path, host, FORWARDED), 1).ms(0.5)
        rows.append(row)
    bench.report.table(rows)
    bench.report.text(
        f"Median of {ROUNDS} runs of {bench.seconds(SECONDS):g} s; API is the API's own socket, without the "
        "front; the last column is one client alone."
    )
    bench.report.plot(
        "reading",
        {
            "one request at the API": [
                (float(str(row["posts"])), float(str(row["API alone p50 ms"]))) for row in rows
            ]
        },
        x="posts in the thread",
        y="ms",
        log_x=True,
    )


def rated(bench: Bench, address: tuple[str, int] | str, request: bytes, clients: int) -> Rate:
    """The middle one of some runs. Raises StackFailed where an answer is no success."""
    rates = [
        closed_loop(address, repeat(request), clients=clients, seconds=bench.seconds(SECONDS))
        for _ in range(1 if bench.quick else ROUNDS)
    ]
    if failed := [rate.statuses for rate in rates if rate.failed]:
        raise StackFailed(f"{request[:80]!r}: {dict(failed[0])}")
    middle = median_low(rate.per_second for rate in rates)
    return next(rate for rate in rates if rate.per_second == middle)


def filled(bench: Bench, posts: int) -> str:
    """Makes a thread of so many posts; the path of its first page."""
    page_id = f"reading-{posts}"
    thread = bench.stack.thread(page_id)
    arguments = (bench.stack.site, page_id, thread.page["url"], posts)
    bench.stack.manage("shell", "-c", f"from loadtest.seed import seed; seed(*{arguments!r})")
    path = f"/api/v1/threads/{thread.key}/"
    time.sleep(1.1)  # the front may still have the page as it was: it keeps one for a second
    return path


def length(bench: Bench, path: str, *, gzip: bool) -> int:
    connection = http.client.HTTPConnection(*bench.stack.address)
    try:
        connection.request("GET", path, headers={"Accept-Encoding": "gzip"} if gzip else {})
        return len(connection.getresponse().read())
    finally:
        connection.close()
