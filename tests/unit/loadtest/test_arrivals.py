"""Arrivals set against the 201s: what was delivered, how late, and what is missing."""

import pytest

from loadtest.arrivals import TICKS_PER_SECOND, Answered, Arrival, delivered, quantile, read_answers


def ticks(seconds: float) -> int:
    return int(seconds * TICKS_PER_SECOND)


def test_each_post_at_each_reader_is_a_message_with_its_own_delay() -> None:
    answered = [Answered(0, 1, at=10.0), Answered(0, 2, at=10.1)]
    frame = Arrival(0, seqs=(1, 2), ticks={ticks(10.2): 3, ticks(10.3): 1})

    result = delivered([frame], answered, {0: 4})

    assert (result.messages, result.missing, result.frames) == (8, 0, 4)
    assert result.delay_ms(0.0) == pytest.approx(100, abs=1)
    assert result.delay_ms(1.0) == pytest.approx(300, abs=1)
    assert result.messages_per_second == pytest.approx(8 / 0.3, rel=0.02)


def test_a_post_that_some_readers_never_had_is_missing_there() -> None:
    answered = [Answered(0, 1, at=1.0), Answered(0, 2, at=1.0)]

    result = delivered([Arrival(0, (1,), {ticks(1.1): 5})], answered, {0: 5})

    assert result.missing == 5


def test_events_that_nobody_posted_do_not_count() -> None:
    result = delivered(
        [Arrival(0, (7, 8, 9), {ticks(1.1): 5}), Arrival(1, (8,), {1: 1})], [Answered(0, 8, 1.0)], {0: 5}
    )

    assert (result.messages, result.missing) == (5, 0)


def test_a_reader_may_have_a_post_before_its_poster_has_the_answer() -> None:
    result = delivered([Arrival(0, (1,), {ticks(0.9): 1})], [Answered(0, 1, at=1.0)], {0: 1})

    assert result.delay_ms(0.5) == pytest.approx(-100, abs=1)


def test_nothing_posted_is_nothing_missing() -> None:
    result = delivered([], [], {0: 5})

    assert (result.messages, result.missing, result.messages_per_second) == (0, 0, 0.0)


def test_a_quantile_is_the_smallest_value_that_so_many_do_not_exceed() -> None:
    counts = {5: 98, 20: 1, 100: 1}

    assert [quantile(counts, share) for share in (0.5, 0.98, 0.99, 1.0)] == [5, 5, 20, 100]
    assert quantile({}, 0.5) == 0


def test_the_posters_file_is_read_line_by_line() -> None:
    assert read_answers(["aaa 3 12.5\n", "bbb 1 13.0\n"], {"bbb": 0, "aaa": 1}) == [
        Answered(1, 3, 12.5),
        Answered(0, 1, 13.0),
    ]
