"""How long a post takes from its 201 to other readers' sockets, on a running `./run`.

    .venv/bin/python -m loadtest.latency --readers 500 --posts 200

Readers live in a process of their own; both clocks are the machine's one monotonic clock. For more than 100
readers start the server with KIBITZ_MAX_SOCKETS_PER_ADDRESS=0.
"""

import argparse
import asyncio
import http.client
import json
import multiprocessing
import statistics
import time
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import urlencode, urlsplit

from websockets.asyncio.client import connect

SETTLE_SECONDS = 10.0  # after the last post, for stragglers


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base-url", default="http://127.0.0.1:8000")
    parser.add_argument("--site", default="demo")
    parser.add_argument("--page-id", default="/demo/latency/")
    parser.add_argument("--readers", type=int, default=1)
    parser.add_argument("--posts", type=int, default=200)
    parser.add_argument("--per-second", type=float, default=10.0)
    options = parser.parse_args()
    server = urlsplit(options.base_url).netloc
    query = urlencode({"page_id": options.page_id})
    start = call(server, "GET", f"/api/v1/sites/{options.site}/thread/?{query}")[1]
    ours, theirs = multiprocessing.Pipe()
    readers = multiprocessing.Process(
        target=read,
        args=(start["live"]["ws"], options.readers, start["seq"] + options.posts, theirs),
        daemon=True,
    )
    readers.start()
    ours.recv()  # all connected
    answered = post_all(server, start, options)
    ours.send("posted")
    arrivals: dict[int, list[float]] = ours.recv()
    readers.join()
    report(answered, arrivals, options)


def post_all(server: str, start: dict[str, Any], options: argparse.Namespace) -> dict[int, float]:
    """Posts at a steady pace over one connection; the time of each 201 by the post's seq."""
    connection = http.client.HTTPConnection(server)
    page = {
        "site": options.site,
        "page_id": options.page_id,
        "url": f"http://{server}/demo/",
        "title": "Latency",
    }
    answered = {}
    due = time.monotonic()
    for number in range(options.posts):
        time.sleep(max(0.0, due - time.monotonic()))
        due += 1 / options.per_second
        body = {"body": f"Post number {number}, with **some** words in it.", "name": "alice", "page": page}
        status, post = call(server, "POST", f"/api/v1/threads/{start['key']}/posts/", body, connection)
        if status != 201:
            raise SystemExit(f"{status}: {post}")
        answered[post["seq"]] = time.monotonic()
    return answered


def call(
    server: str,
    method: str,
    path: str,
    body: object = None,
    connection: http.client.HTTPConnection | None = None,
) -> tuple[int, dict[str, Any]]:
    connection = connection or http.client.HTTPConnection(server)
    payload = None if body is None else json.dumps(body)
    connection.request(method, path, payload, {"Content-Type": "application/json", "X-Kibitz": "1"})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def read(url: str, count: int, last_seq: int, pipe: Connection) -> None:
    """Holds `count` sockets; sends back seq -> times of arrival, one a socket."""
    asyncio.run(_read(url, count, last_seq, pipe))


async def _read(url: str, count: int, last_seq: int, pipe: Connection) -> None:
    arrivals: dict[int, list[float]] = {}
    sockets = [await connect(url, compression=None, max_queue=None) for _ in range(count)]
    tasks = [asyncio.create_task(_listen(socket, last_seq, arrivals)) for socket in sockets]
    await asyncio.sleep(1)  # the readers frames of the connecting are not part of the measurement
    pipe.send("connected")
    await asyncio.get_running_loop().run_in_executor(None, pipe.recv)
    await asyncio.wait(tasks, timeout=SETTLE_SECONDS)
    for task in tasks:
        task.cancel()
    pipe.send(arrivals)


async def _listen(socket: Any, last_seq: int, arrivals: dict[int, list[float]]) -> None:
    async for text in socket:
        now = time.monotonic()
        frame = json.loads(text)
        for event in frame.get("events", ()):
            arrivals.setdefault(event["seq"], []).append(now)
            if event["seq"] >= last_seq:
                return


def report(answered: dict[int, float], arrivals: dict[int, list[float]], options: argparse.Namespace) -> None:
    delays = sorted(
        (arrived - at) * 1000 for seq, at in answered.items() for arrived in arrivals.get(seq, ())
    )
    expected = len(answered) * options.readers
    print(
        f"{options.readers} readers, {len(answered)} posts at {options.per_second:g}/s: "
        f"{len(delays)} of {expected} deliveries, p50 {statistics.median(delays):.1f} ms, "
        f"p99 {delays[int(len(delays) * 0.99)]:.1f} ms, max {delays[-1]:.1f} ms after the 201"
    )


if __name__ == "__main__":
    main()
