"""The numbers by which posts are sorted."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from comments.threads.ranking import best, controversy

votes = st.integers(min_value=0, max_value=100_000)


@pytest.mark.parametrize(
    ("up", "down", "score"),
    [
        (0, 0, 0.0),
        (1, 0, 0.20654),
        (0, 1, 0.0),
        (10, 0, 0.72246),
        (1, 1, 0.09453),
        (60, 40, 0.50200),
        (600, 400, 0.56930),
    ],
)
def test_best_is_the_lower_bound_of_the_share_of_upvotes(up: int, down: int, score: float) -> None:
    assert best(up, down) == pytest.approx(score, abs=1e-4)


@given(votes, votes)
def test_best_is_a_share(up: int, down: int) -> None:
    assert 0.0 <= best(up, down) < 1.0


@given(votes, votes)
@example(up=0, down=66_464)
def test_best_rises_with_an_upvote_and_never_with_a_downvote(up: int, down: int) -> None:
    assert best(up + 1, down) > best(up, down)
    assert best(up, down + 1) <= best(up, down)


@pytest.mark.parametrize(
    ("up", "down", "score"),
    [(0, 0, 0.0), (7, 0, 0.0), (0, 7, 0.0), (1, 1, 2.0), (5, 5, 10.0), (4, 2, 6**0.5), (2, 4, 6**0.5)],
)
def test_controversy_is_many_votes_evenly_split(up: int, down: int, score: float) -> None:
    assert controversy(up, down) == pytest.approx(score)


@given(votes, votes)
def test_controversy_takes_no_side(up: int, down: int) -> None:
    assert controversy(up, down) == controversy(down, up)
    assert controversy(up, down) <= up + down
