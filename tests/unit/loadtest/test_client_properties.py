"""Whatever a carrier, a proxy and a server do: the reader gets to know the thread, and in order."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.loadtest.client_histories import histories
from tests.unit.loadtest.client_player import Player
from tests.unit.loadtest.thread_on_server import Json

unhurried = settings(deadline=None)  # a busy machine is no fault

# The thread's head is told as after any quiet, or the connection is made anew and nobody says anything.
ANNOUNCED: list[Json] = [{"advance": 3}, {"head": []}, {"advance": 27}, {"head": []}, {"advance": 1}]
RETURNED: list[Json] = [{"do": "online"}, {"advance": 31}]

# At the shortest waits: the gap's, the snapshot's and the connection's retries, each 5 times.
OWN_REQUESTS_PER_SECOND = 16


def played(steps: list[Json]) -> Player:
    player = Player()
    for step in steps:
        player.play(step)
    return player


@unhurried
@given(histories(), st.sampled_from((ANNOUNCED, RETURNED)))
def test_a_reader_converges_to_the_thread_within_the_30_seconds_that_are_promised(
    steps: list[Json], ending: list[Json]
) -> None:
    player = played(steps)

    player.heal()
    for step in ending:
        player.play(step)

    known, truth = player.compared()
    assert known == truth


@unhurried
@given(histories())
def test_every_event_is_handed_on_once_and_in_order_from_each_snapshot_on(steps: list[Json]) -> None:
    player = Player()
    told: list[str] = []
    for step in steps:
        if step != {"do": "reload"}:
            player.play(step)
            told += player.told

    seq = 0
    for line in told:
        number = line.split()[-1]
        if line.startswith("takes snapshot"):
            seq = int(number)
        elif line.startswith("event"):
            seq += 1
            assert int(number) == seq


@unhurried
@given(histories())
def test_a_reader_asks_only_a_few_times_a_second_beyond_what_it_is_made_to(
    steps: list[Json],
) -> None:
    player = Player()
    told_at = []
    for step in [*steps[:1], {"server": {"page": 200}}, *steps[1:]]:
        if "advance" not in step:
            told_at.append(player.clock.monotonic())
        player.play(step)

    asked_at = player.network.asked_at
    for since in asked_at:
        asked = sum(since <= at < since + 1 for at in asked_at)
        told = sum(since <= at < since + 1 for at in told_at)
        assert asked <= OWN_REQUESTS_PER_SECOND + 2 * told
