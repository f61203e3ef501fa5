"""Old vote totals do not come back."""

from realtime.frames import Totals
from realtime.totals import REMEMBER_MS, LatestTotals

KEY = "a" * 26


def test_totals_taken_over_late_lose_against_later_ones() -> None:
    latest = LatestTotals()
    latest.newer("2000-0", Totals(KEY, {"7": "new"}))

    assert latest.newer("1000-0", Totals(KEY, {"7": "old", "8": "only"})).tallies == {"8": "only"}


def test_the_same_entry_may_come_twice() -> None:
    latest = LatestTotals()
    latest.newer("2000-1", Totals(KEY, {"7": "new"}))

    assert latest.newer("2000-1", Totals(KEY, {"7": "new"})).tallies == {"7": "new"}


def test_order_within_a_millisecond_counts() -> None:
    latest = LatestTotals()
    latest.newer("2000-10", Totals(KEY, {"7": "new"}))

    assert latest.newer("2000-9", Totals(KEY, {"7": "old"})).tallies == {}


def test_other_threads_are_other_posts() -> None:
    latest = LatestTotals()
    latest.newer("2000-0", Totals(KEY, {"7": "new"}))

    assert latest.newer("1000-0", Totals("b" * 26, {"7": "other"})).tallies == {"7": "other"}


def test_it_forgets_after_two_minutes() -> None:
    latest = LatestTotals()
    latest.newer("1000000-0", Totals(KEY, {"7": "first"}))
    latest.newer(f"{1000000 + 2 * REMEMBER_MS}-0", Totals(KEY, {"8": "later"}))

    assert latest.newer("999999-0", Totals(KEY, {"7": "old"})).tallies == {"7": "old"}
