"""When a thread's next frame may go."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.coalescing import HEAVY_SECONDS, MAX_REST_SECONDS, Coalescer

ALL = 1000


@pytest.fixture
def coalescer() -> Coalescer[int]:
    return Coalescer()


def keys(taken: Sequence[tuple[str, Sequence[int]]]) -> list[str]:
    return [key for key, _ in taken]


def test_a_quiet_threads_item_goes_at_once(coalescer: Coalescer[int]) -> None:
    coalescer.add("a", 1)

    assert coalescer.seconds_until_due(10.0) == 0.0
    assert coalescer.take(10.0, max_threads=ALL) == [("a", [1])]
    assert not coalescer


def test_what_comes_while_a_thread_is_on_its_way_waits_and_travels_together(
    coalescer: Coalescer[int],
) -> None:
    coalescer.add("a", 1)
    coalescer.take(10.0, max_threads=ALL)
    coalescer.add("a", 2)
    coalescer.add("a", 3)

    assert coalescer.take(11.0, max_threads=ALL) == []

    coalescer.done("a", 0.0, 11.5)
    assert coalescer.take(11.5, max_threads=ALL) == [("a", [2, 3])]


def test_a_thread_rests_twice_what_a_delivery_costs(coalescer: Coalescer[int]) -> None:
    coalescer.add("a", 1)
    coalescer.take(10.0, max_threads=ALL)
    coalescer.done("a", 0.03, 10.01)
    coalescer.add("a", 2)

    assert coalescer.take(10.05, max_threads=ALL) == []
    assert coalescer.seconds_until_due(10.05) == pytest.approx(0.01)
    assert coalescer.take(10.06, max_threads=ALL) == [("a", [2])]


def test_no_thread_rests_longer_than_readers_notice(coalescer: Coalescer[int]) -> None:
    coalescer.add("a", 1)
    coalescer.take(10.0, max_threads=ALL)
    coalescer.done("a", 60.0, 10.1)
    coalescer.add("a", 2)

    assert coalescer.take(10.0 + MAX_REST_SECONDS, max_threads=ALL) == [("a", [2])]


def test_a_thread_that_rested_while_nothing_came_is_quiet_again(coalescer: Coalescer[int]) -> None:
    coalescer.add("a", 1)
    coalescer.take(10.0, max_threads=ALL)
    coalescer.done("a", 0.05, 10.0)

    assert coalescer.seconds_until_due(10.0) is None
    assert coalescer.take(11.0, max_threads=ALL) == []
    coalescer.add("a", 2)
    assert coalescer.take(11.0, max_threads=ALL) == [("a", [2])]


def test_threads_do_not_wait_for_each_other(coalescer: Coalescer[int]) -> None:
    coalescer.add("a", 1)
    coalescer.take(10.0, max_threads=ALL)
    coalescer.add("b", 2)

    assert coalescer.take(10.0, max_threads=ALL) == [("b", [2])]


def test_no_more_threads_are_taken_than_asked_for_and_the_first_come_first(
    coalescer: Coalescer[int],
) -> None:
    for key in "cab":
        coalescer.add(key, 1)

    assert keys(coalescer.take(10.0, max_threads=2)) == ["c", "a"]
    assert keys(coalescer.take(10.0, max_threads=2)) == ["b"]


def test_a_thread_with_many_readers_travels_alone(coalescer: Coalescer[int]) -> None:
    coalescer.add("heavy", 1)
    coalescer.take(10.0, max_threads=ALL)
    coalescer.done("heavy", HEAVY_SECONDS, 10.0)
    for key in ("a", "heavy", "b", "c"):
        coalescer.add(key, 2)

    later = 10.0 + MAX_REST_SECONDS
    assert keys(coalescer.take(later, max_threads=ALL)) == ["a", "b", "c"]
    assert keys(coalescer.take(later, max_threads=ALL)) == ["heavy"]


ARRIVALS = st.lists(st.tuples(st.floats(0.0, 0.05), st.sampled_from("abc")), max_size=80)
FLIGHTS = st.lists(st.tuples(st.floats(0.0, 0.4), st.floats(0.0, 0.3)), min_size=1, max_size=20)


@given(ARRIVALS, FLIGHTS, st.integers(1, 3))
def test_nothing_is_lost_or_reordered_and_no_rest_is_longer_than_the_cap(
    arrivals: list[tuple[float, str]], flights: list[tuple[float, float]], max_threads: int
) -> None:
    coalescer: Coalescer[tuple[int, float]] = Coalescer()
    taken: dict[str, list[tuple[int, float]]] = {"a": [], "b": [], "c": []}
    free_at = dict.fromkeys("abc", 0.0)  # when the thread may go at the latest
    landings: list[tuple[float, str, float]] = []
    now, flight_count = 0.0, 0

    def run_until(end: float) -> None:
        nonlocal now, flight_count
        while True:
            for key, items in coalescer.take(now, max_threads=max_threads):
                assert not any(flying == key for _, flying, _ in landings), "one frame at a time"
                assert all(now <= max(added, free_at[key]) + 1e-6 for _, added in items[:1])
                taken[key] += items
                flight_seconds, cost = flights[flight_count % len(flights)]
                flight_count += 1
                landings.append((now + flight_seconds, key, cost))
                free_at[key] = max(now + flight_seconds, now + MAX_REST_SECONDS)
            due = coalescer.seconds_until_due(now)
            moments = [at for at, _, _ in landings] + ([now + due] if due is not None else [])
            if not moments or min(moments) > end:
                break
            now = max(now, min(moments))
            for landing in [landing for landing in landings if landing[0] <= now]:
                landings.remove(landing)
                coalescer.done(landing[1], landing[2], now)
        now = max(now, end)

    for number, (pause, key) in enumerate(arrivals):
        run_until(now + pause)
        coalescer.add(key, (number, now))
    run_until(now + 60.0)

    assert not coalescer
    for key, items in taken.items():
        assert [number for number, _ in items] == [n for n, (_, of) in enumerate(arrivals) if of == key]
