"""What a run of `./run chaos` says of its rounds."""

from typing import Any

import pytest

from loadtest.chaos import SHORT, parsed
from loadtest.convergence.authors import Sent
from loadtest.convergence.faults import FAULTS
from loadtest.convergence.ledger import Verdict
from loadtest.convergence.rounds import Round
from loadtest.convergence.summary import summary


def round_of(fault: str = "Redis killed", **changes: Any) -> Round:
    values: dict[str, Any] = {
        "fault": fault,
        "accepted": 100,
        "changes": 10,
        "verdict": Verdict(),
        "repeated": 0,
        "out_of_order": 0,
        "behind": 0,
        "waited": [0.0, 0.5, 2.0],
        "before": [Sent(1.0, 0.010, 0), Sent(2.0, 0.020, 0)],
        "during": [Sent(3.0, 0.100, 1), Sent(4.0, 0.200, 0)],
        "unanswered": 1,
        "refusals": [],
        "api_requests": 7,
    }
    return Round(**values | changes)


def test_a_round_in_which_everything_arrived_has_no_failures() -> None:
    assert round_of().failures == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"verdict": Verdict(lost=1, examples=["lost: post 5"])}, "lost: post 5"),
        ({"verdict": Verdict(strange=1, examples=["strange: post 6"])}, "strange: post 6"),
        ({"repeated": 2}, "2 events were applied twice"),
        ({"out_of_order": 3}, "3 events were applied out of order"),
        ({"behind": 4}, "4 readers were not at their thread's end 60 s later"),
        ({"waited": [31.0]}, "a reader waited 31.0 s"),
        ({"refusals": ["post: 400"]}, "post: 400"),
        ({"accepted": 0}, "no post was accepted"),
    ],
)
def test_each_kind_of_loss_is_a_failure(changes: dict[str, Any], said: str) -> None:
    assert round_of(**changes).failures == [said]


def test_a_row_sums_up_the_rounds_of_a_fault_and_the_last_one_all() -> None:
    rounds = [
        round_of("A"),
        round_of("B", verdict=Verdict(lost=1, stale=1), behind=1),
        round_of("A", waited=[4.0], repeated=1),
    ]

    first, second, everything = summary(rounds)

    assert (first["fault"], first["rounds"], first["posts accepted"]) == ("A", 2, 200)
    assert (first["lost"], first["duplicated"], second["lost"]) == (0, 1, 3)
    assert (first["worst convergence s"], first["median s"]) == (4.0, 3.0)
    assert first["POST p99 before ms"] == pytest.approx(20.0)
    assert (everything["posts accepted"], everything["lost"], everything["duplicated"]) == (300, 3, 1)


def test_the_short_run_has_faults_that_there_are() -> None:
    assert set(SHORT) <= {fault.name for fault in FAULTS}
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


def test_readers_and_posts_are_fewer_in_the_short_run_unless_told() -> None:
    assert (parsed([]).readers, parsed([]).posts_per_second) == (1_000, 50.0)
    assert (parsed(["--short"]).readers, parsed(["--short"]).posts_per_second) == (120, 15.0)
    assert parsed(["--short", "--readers", "7"]).readers == 7
