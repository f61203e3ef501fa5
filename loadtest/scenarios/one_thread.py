"""One post to all readers of one thread: how long from its 201 to the last, and what others notice."""

import time

from loadtest.arrivals import Answered, Arrival, delivered
from loadtest.bench import Bench, by_delay, say
from loadtest.readers import Readers

OTHERS = 500  # readers of another thread, where posting goes on
PER_SECOND = 10.0
BEFORE_SECONDS = 10.0
LAST_SECONDS = 120.0  # how long the last reader may take before we call it missing
POLL_SECONDS = 0.5
STRAGGLERS_SECONDS = 2.0


def run(bench: Bench) -> None:
    count = bench.readers
    bench.report.heading(f"One post to {count:,} readers of one thread, posting elsewhere meanwhile")
    threads = bench.threads("everybody", 2)
    seconds = bench.seconds(BEFORE_SECONDS)
    with bench.hold(threads, count + OTHERS) as readers:
        readers.open([count, OTHERS])
        readers.collect()
        # The posters write to the other thread alone; the one big post is made in between, by itself.
        tail = 10.0 + count / 40_000
        with bench.posting(
            threads[1:], per_second=PER_SECOND, seconds=seconds + (3.0 if bench.quick else tail)
        ) as posting:
            posting.wait_until_posting()
            time.sleep(seconds)
            big = one_post(bench, threads[0].key, threads[0].page)
            arrivals = _until_all_have_it(readers, big, count)
            posted = posting.wait()
        time.sleep(STRAGGLERS_SECONDS)
        arrivals += readers.collect()
        counts = readers.counts()
    result = delivered(arrivals, [big], {0: count})
    others = [Answered(1, answer.seq, answer.at) for answer in posted.answers]
    end = big.at + result.seconds
    groups = {
        "before": [post for post in others if post.at < big.at],
        "meanwhile": [post for post in others if big.at <= post.at <= end],
        "after": [post for post in others if post.at > end],
    }
    bench.report.table(
        [
            {
                "readers": count,
                "messages": result.messages,
                "missing": result.missing,
                "sockets lost": counts.lost,
                "p50 s": result.delay_ms(0.5) / 1000,
                "p99 s": result.delay_ms(0.99) / 1000,
                "last s": result.delay_ms(1.0) / 1000,
                "messages/s": result.messages_per_second,
            }
        ]
    )
    bench.report.text(
        f"Posts to another thread with {OTHERS} readers, {PER_SECOND:g} a second, before that post was "
        f"answered, until its last reader had it, and after (POST: p50 {posted.answer_ms(0.5)} ms, "
        f"p99 {posted.answer_ms(0.99)} ms, longest {posted.answer_ms(1.0)} ms, {posted.failed} refused):"
    )
    bench.report.table(
        [
            {
                "when": when,
                "posts": len(some),
                "missing": (one := delivered(arrivals, some, {1: OTHERS})).missing,
                "p50 ms": one.delay_ms(0.5),
                "p99 ms": one.delay_ms(0.99),
                "max ms": one.delay_ms(1.0),
            }
            for when, some in groups.items()
        ]
    )
    bench.report.plot(
        "one-thread", {"readers": by_delay(result)}, x="ms from the 201", y="percent of readers"
    )


def one_post(bench: Bench, key: str, page: dict[str, str]) -> Answered:
    body = {"body": "Everybody gets this one, **at once**.", "name": "alice", "page": page}
    post = bench.stack.post(f"/api/v1/threads/{key}/posts/", body)
    return Answered(0, post["seq"], time.monotonic())


def _until_all_have_it(readers: Readers, big: Answered, count: int) -> list[Arrival]:
    arrivals: list[Arrival] = []
    give_up_at = time.monotonic() + LAST_SECONDS
    while time.monotonic() < give_up_at:
        time.sleep(POLL_SECONDS)
        arrivals += readers.collect()
        if (have := delivered(arrivals, [big], {0: count}).messages) >= count:
            break
        say(f"  {have:,} of {count:,} have it")
    return arrivals
