"""Moderators at work: a page of the queue on a site of a million posts, and thousands decided at once."""

import http.client
import json
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

from loadtest.arrivals import Answered, Delivered, delivered
from loadtest.bench import Bench, say
from loadtest.stack import StackFailed, Thread

POSTS: Final = 1_000_000
HELD_EVERY: Final = 20
QUICK_POSTS: Final = 20_000
ROUNDS: Final = 30
BULK: Final = 2_000
BULK_THREADS: Final = (1, 40)
READERS: Final = 1_000
LAST_SECONDS: Final = 30.0
GESTURES: Final = {"approve": "decisions", "undo": "undo"}

PAGES: Final = {
    "pending, first page": "queue=pending",
    "pending, oldest first": "queue=pending&order=oldest",
    "reported": "queue=reported",
    "all": "queue=all",
    "pending, a word that is there": "queue=pending&q=the",
    "pending, a word that is nowhere": "queue=pending&q=xyzzy",
    "all, a word that is nowhere": "queue=all&q=xyzzy",
}


class Moderator:
    """One browser of a moderator, on one connection."""

    def __init__(self, bench: Bench, session: str) -> None:
        self._connection = http.client.HTTPConnection(*bench.stack.address, timeout=60)
        self._headers = {
            "Cookie": f"sessionid={session}",
            "X-Kibitz": "1",
            "Content-Type": "application/json",
        }

    def ask(self, method: str, path: str, told: object = None) -> tuple[bytes, float]:
        """The answer and how many seconds it took. Raises StackFailed."""
        body = None if told is None else json.dumps(told)
        began = time.monotonic()
        self._connection.request(method, path, body, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise StackFailed(f"{method} {path}: {answer.status} {content[:200]!r}")
        return content, time.monotonic() - began


def run(bench: Bench) -> None:
    moderator = logged_in(bench)
    queue(bench, moderator)
    bulk(bench, moderator)


def logged_in(bench: Bench) -> Moderator:
    session = bench.scratch / "session"
    call(bench, "let_in", bench.stack.site, session)
    return Moderator(bench, session.read_text())


def queue(bench: Bench, moderator: Moderator) -> None:
    posts = QUICK_POSTS if bench.quick else POSTS
    bench.report.heading(f"The queue of a site with {posts:,} posts, {posts // HELD_EVERY:,} of them held")
    say(f"  {posts:,} posts")
    call(bench, "fill", bench.stack.site, bench.stack.base_url, posts, HELD_EVERY)
    rows = []
    deep = deep_cursor(moderator)
    asked = {**PAGES, "pending, 20 pages further": f"queue=pending&cursor={deep}"}
    paths = {name: f"/api/v1/moderation/posts/?{query}" for name, query in asked.items()}
    for name, path in {**paths, "the page itself": "/admin/moderation/"}.items():
        answers = [moderator.ask("GET", path) for _ in range(3 if bench.quick else ROUNDS)]
        times = sorted(seconds * 1000 for _, seconds in answers)
        rows.append(
            {
                "asked": name,
                "p50 ms": median(times),
                "p95 ms": times[int(len(times) * 0.95) - 1],
                "max ms": times[-1],
                "KB": len(answers[0][0]) / 1000,
            }
        )
    bench.report.table(rows)
    bench.report.text(
        f"One moderator, {ROUNDS} requests one after the other through the front; 50 posts a page with "
        "authors' records, reports and history, and the counts of all queues. The target is 200 ms."
    )


def deep_cursor(moderator: Moderator) -> str:
    cursor = ""
    for _ in range(20):
        content, _ = moderator.ask("GET", f"/api/v1/moderation/posts/?queue=pending&cursor={cursor}")
        cursor = (json.loads(content)["next"] or "").replace("+", "%2B")
    return cursor


def bulk(bench: Bench, moderator: Moderator) -> None:
    bench.report.heading(f"{BULK:,} held posts approved in one gesture, and undone, with readers at them")
    rows = []
    for count in BULK_THREADS:
        name = f"bulk-{count}-threads"
        threads = bench.threads(name, count)
        ids = held_in(bench, threads)
        with bench.hold(threads, bench.at_most(READERS)) as readers:
            shares = [bench.at_most(READERS) // count] * count
            readers.open(shares)
            readers.collect()
            batch = ""
            for gesture, call_path in GESTURES.items():
                told = {"decision": "approve", "ids": ids} if gesture == "approve" else {"batch": batch}
                began = time.monotonic()
                content, seconds = moderator.ask("POST", f"/api/v1/moderation/{call_path}/", told)
                batch, done = of_answer(content)
                result = arrivals(readers, began, shares, is_undo=gesture == "undo")
                rows.append(
                    {
                        "threads": count,
                        "gesture": gesture,
                        "posts": done,
                        "answered s": seconds,
                        "readers": sum(shares),
                        "missing": result.missing,
                        "half of the messages s": result.delay_ms(0.5) / 1000,
                        "last at its reader s": result.delay_ms(1.0) / 1000,
                    }
                )
    bench.report.table(rows)
    bench.report.text("Both times count from when the moderator's request began. The target is 5 s.")


def held_in(bench: Bench, threads: Sequence[Thread]) -> list[int]:
    ids = bench.scratch / "ids"
    pages = [thread.page["page_id"] for thread in threads]
    call(bench, "hold_in", bench.stack.site, pages, bench.stack.base_url, BULK, ids)
    return [int(pk) for pk in ids.read_text().split()]


def of_answer(content: bytes) -> tuple[str, int]:
    """The gesture's batch, and how many posts it changed."""
    answer: dict[str, Any] = json.loads(content)
    return answer["batch"], sum(outcome["result"] == "done" for outcome in answer["results"])


def arrivals(readers: Any, began: float, shares: Sequence[int], *, is_undo: bool) -> Delivered:
    """What the readers got of the gesture's events, which are the first of each thread, or the ones after."""
    each = BULK // len(shares)
    first = each + 1 if is_undo else 1
    events = [
        Answered(thread, seq, began) for thread in range(len(shares)) for seq in range(first, first + each)
    ]
    held = dict(enumerate(shares))
    seen = readers.collect()
    until = began + LAST_SECONDS
    while (result := delivered(seen, events, held)).missing > 0 and time.monotonic() < until:
        time.sleep(0.1)
        seen += readers.collect()
    return result


def call(bench: Bench, function: str, *arguments: object) -> None:
    """A function of loadtest.seed_queue, in the stack's Django."""
    told = ", ".join(
        f"Path({str(value)!r})" if isinstance(value, Path) else repr(value) for value in arguments
    )
    code = f"from pathlib import Path; from loadtest import seed_queue; seed_queue.{function}({told})"
    bench.stack.manage("shell", "-c", code)
