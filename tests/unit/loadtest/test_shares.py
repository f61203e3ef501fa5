"""How readers are dealt out: to processes, addresses and threads."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from loadtest.readers import shares, sources
from loadtest.scenarios.many_threads import apportioned, zipf
from loadtest.scenarios.ramp import spread, steps_to


@given(st.lists(st.integers(0, 50), max_size=30), st.integers(1, 9))
def test_every_reader_gets_a_process_and_none_has_many_more_than_another(
    readers: list[int], processes: int
) -> None:
    dealt = shares(readers, processes)

    for index, count in enumerate(readers):
        assert sum(amount for share in dealt for at, amount in share if at == index) == count
    loads = [sum(amount for _, amount in share) for share in dealt]
    assert max(loads) - min(loads) <= 1


def test_no_two_processes_share_an_address() -> None:
    addresses = [address for number in range(200) for address in sources(number)]

    assert len(set(addresses)) == len(addresses)
    assert all(0 < int(part) < 256 or part == "0" for address in addresses for part in address.split("."))


@given(st.integers(0, 5_000), st.integers(1, 300))
def test_readers_by_zipf_s_law_are_all_there_and_fall_off(count: int, threads: int) -> None:
    held = apportioned(count, zipf(threads))

    assert sum(held) == count
    assert all(a >= b for a, b in pairwise(held))


def test_a_ramp_s_steps_add_up_in_every_thread() -> None:
    first, second = spread(10, 4, 0), spread(27, 4, 10)

    assert [a + b for a, b in zip(first, second, strict=True)] == spread(27, 4, 0)
    assert sum(first) == 10


def test_a_ramp_goes_over_the_usual_steps_to_what_was_asked_for() -> None:
    assert steps_to(1_000_000) == [10_000, 100_000, 300_000, 1_000_000]
    assert steps_to(200_000) == [10_000, 100_000, 200_000]
    assert steps_to(500) == [500]
