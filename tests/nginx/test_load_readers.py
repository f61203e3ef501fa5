"""The load tool's readers against a real push instance: what they count is what was published."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtest.arrivals import Answered, Delivered, delivered
from loadtest.readers import Readers, ReadersFailed
from tests.nginx.instances import KEY, ORIGIN, Push, live_path
from tests.servers import wait_until

OTHER_KEY = "b" * 26
READERS = 50

# From Python 3.12 on: pytest's watchdog is a second thread. ./run load has one thread.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")


@pytest.fixture
def readers(push: Push) -> Iterator[Readers]:
    """Fifty readers of the thread, and fifty of another."""
    base = f"ws://127.0.0.1:{push.port}"
    live = [(base + live_path(KEY), 0), (base + live_path(OTHER_KEY), 0)]
    with Readers(live, origin=ORIGIN, most=2 * READERS) as opened:
        opened.open([READERS, READERS])
        yield opened


def frame(*seqs: int) -> str:
    events = [{"seq": seq, "type": "post.created", "post": {"html": "x" * 500}} for seq in seqs]
    return json.dumps({"epoch": "e", "first": seqs[0], "last": seqs[-1], "events": events})


def arrived(readers: Readers, posts: int, messages: int) -> Delivered:
    """What came of the thread's first posts, as soon as so many messages are there."""
    answered = [Answered(0, seq, at=0.0) for seq in range(1, posts + 1)]
    arrivals = readers.collect()

    def are_there() -> bool:
        arrivals.extend(readers.collect())
        return delivered(arrivals, answered, {0: READERS}).messages >= messages

    wait_until(are_there, message=lambda: f"{messages} messages; {readers.counts()}")
    return delivered(arrivals, answered, {0: READERS})


def test_every_reader_has_every_post_plain_or_deflated(push: Push, readers: Readers) -> None:
    push.publish(frame(1, 2))
    push.publish('{"head": 2, "epoch": "e"}')
    push.publish(frame(3), deflated=True)
    push.publish(frame(1), key=OTHER_KEY)

    result = arrived(readers, posts=3, messages=3 * READERS)

    counts = readers.counts()
    assert (result.messages, result.missing, result.frames) == (3 * READERS, 0, 2 * READERS)
    assert (counts.open, counts.lost, counts.late, counts.skipped, counts.repeated) == (
        2 * READERS,
        0,
        0,
        0,
        0,
    )


def test_a_post_that_comes_after_a_later_one_is_late_and_not_missing(push: Push, readers: Readers) -> None:
    for seqs in [(1,), (3,), (2,)]:
        push.publish(frame(*seqs))

    result = arrived(readers, posts=3, messages=3 * READERS)

    counts = readers.counts()
    assert result.missing == 0
    assert (counts.late, counts.skipped, counts.repeated) == (READERS, 0, 0)


def test_a_reader_that_misses_the_last_post_is_told_by_the_head(push: Push, readers: Readers) -> None:
    push.publish(frame(1))
    push.publish('{"head": 2, "epoch": "e"}')
    push.publish('{"head": 2, "epoch": "e"}')

    result = arrived(readers, posts=2, messages=READERS)

    wait_until(lambda: readers.counts().told == READERS, message=lambda: f"all told; {readers.counts()}")
    assert result.missing == READERS

    push.publish(frame(2))
    wait_until(lambda: readers.counts().told == 0, message=lambda: f"nobody lacks it; {readers.counts()}")


def test_readers_who_come_later_miss_nothing_of_what_was_before(push: Push, readers: Readers) -> None:
    readers.open([10, 0], latest={0: 5})
    push.publish(frame(6))

    answered = [Answered(0, 6, at=0.0)]
    arrivals = readers.collect()

    def are_there() -> bool:
        arrivals.extend(readers.collect())
        return delivered(arrivals, answered, {0: READERS + 10}).missing == 0

    wait_until(are_there, message=lambda: f"the frame at all; {readers.counts()}")
    assert readers.counts().skipped == 5 * READERS, "the first fifty began at 0 and miss five"


def test_a_post_that_never_comes_is_missing_at_every_reader(push: Push, readers: Readers) -> None:
    for seqs in [(1,), (3,)]:
        push.publish(frame(*seqs))

    result = arrived(readers, posts=3, messages=2 * READERS)

    assert result.missing == READERS
    assert readers.counts().skipped == READERS


def test_what_comes_twice_counts_once(push: Push, readers: Readers) -> None:
    for seqs in [(1,), (2,), (1, 2, 3)]:
        push.publish(frame(*seqs))

    result = arrived(readers, posts=3, messages=3 * READERS)

    assert (result.messages, result.missing) == (3 * READERS, 0)
    assert readers.counts().repeated == 2 * READERS


def test_a_refusal_is_told_in_the_server_s_words(push: Push) -> None:
    address = f"ws://127.0.0.1:{push.port}{live_path(OTHER_KEY).replace(OTHER_KEY, KEY)}"

    with Readers([(address, 0)], origin=ORIGIN, most=3) as readers, pytest.raises(ReadersFailed, match="403"):
        readers.open([3])


def test_no_process_is_left_behind(push: Push) -> None:
    with Readers([(f"ws://127.0.0.1:{push.port}{live_path()}", 0)], origin=ORIGIN, most=3) as readers:
        readers.open([3])
        pids = readers.pids

    assert pids
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
