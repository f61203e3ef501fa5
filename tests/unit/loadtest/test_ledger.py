"""A reader who lacks a post, or holds another text, or one too many, is found."""

from typing import Any

import pytest

from loadtest.convergence.ledger import Held, Ledger, ReaderState, verdict, waits

KEY, OTHER = "a" * 26, "b" * 26


def post(post_id: int, seq: int, html: str = "<p>hello</p>") -> dict[str, Any]:
    return {"id": post_id, "seq": seq, "status": "published", "html": html}


def reader(posts: dict[int, Held], *, key: str = KEY) -> ReaderState:
    return ReaderState("alice", key, "e1", 9, posts)


@pytest.fixture
def ledger() -> Ledger:
    """Two posts, the first of them edited, and one that is deleted."""
    ledger = Ledger()
    ledger.posted(KEY, post(1, 1), 10.0)
    ledger.posted(KEY, post(2, 2), 11.0)
    ledger.edited(KEY, post(1, 3, "<p>bye</p>"), 12.0)
    ledger.posted(KEY, post(3, 4), 13.0)
    ledger.deleted(KEY, 3)
    return ledger


def all_posts() -> dict[int, Held]:
    return {
        1: Held(3, "published", "<p>bye</p>"),
        2: Held(2, "published", "<p>hello</p>"),
        3: Held(5, "deleted", ""),
    }


def test_a_reader_who_has_everything_lacks_nothing(ledger: Ledger) -> None:
    found = verdict(ledger, [reader(all_posts())])

    assert (found.lost, found.stale, found.strange, found.examples) == (0, 0, 0, [])


def test_a_post_that_a_reader_lacks_is_lost(ledger: Ledger) -> None:
    posts = all_posts()
    del posts[2]

    found = verdict(ledger, [reader(all_posts()), reader(posts)])

    assert (found.lost, found.stale, found.strange) == (1, 0, 0)
    assert "post 2 " in found.examples[0]


@pytest.mark.parametrize(
    "held",
    [
        Held(1, "published", "<p>hello</p>"),
        Held(3, "published", "<p>hello</p>"),
        Held(3, "hidden", ""),
    ],
    ids=["before the edit", "its number without its text", "another status"],
)
def test_a_post_that_is_not_as_its_author_left_it_is_stale(ledger: Ledger, held: Held) -> None:
    found = verdict(ledger, [reader({**all_posts(), 1: held})])

    assert (found.lost, found.stale, found.strange) == (0, 1, 0)


def test_a_deleted_post_that_still_shows_is_stale(ledger: Ledger) -> None:
    found = verdict(ledger, [reader({**all_posts(), 3: Held(4, "published", "<p>hello</p>")})])

    assert (found.lost, found.stale, found.strange) == (0, 1, 0)


def test_a_post_that_nobody_was_told_of_is_strange(ledger: Ledger) -> None:
    found = verdict(ledger, [reader({**all_posts(), 4: Held(6, "published", "<p>hello</p>")})])

    assert (found.lost, found.stale, found.strange) == (0, 0, 1)


def test_readers_answer_for_their_own_thread_alone(ledger: Ledger) -> None:
    found = verdict(ledger, [reader({}, key=OTHER)])

    assert (found.lost, found.stale, found.strange) == (0, 0, 0)


def test_a_wait_is_from_the_answer_to_each_reader(ledger: Ledger) -> None:
    arrivals = [{KEY: {1: [10.5, 12.0], 3: [11.9]}}, {KEY: {2: [11.25], 99: [50.0]}}]

    # The edit was seen before its author had the answer; what has no answer is not counted.
    assert waits(ledger, arrivals) == [0.5, 2.0, 0.0, 0.25]


def test_who_was_cut_off_waits_from_when_the_network_is_back(ledger: Ledger) -> None:
    arrivals = [{KEY: {1: [31.0], 4: [30.5]}}]

    assert waits(ledger, arrivals, since=30.0) == [1.0, 0.5]
