"""The table of a run: a row for each fault."""

import math
import statistics
from collections.abc import Sequence
from typing import Final

from loadtest.convergence.rounds import Round, p99_ms

LEGEND: Final = (
    "Convergence: from an author's answer until a reader has the change, of all readers and all changes of a "
    "round; for readers behind a lost network from when it is back. *median* is that of the rounds' worst, "
    "*p99* that of all. *again*: attempts that had no answer, or were told to come back. *API requests*: of "
    "the readers, that no cache answered. POST p99 from when the author presses the button, before the fault "
    "and while it lasts (a second at least)."
)


def summary(rounds: Sequence[Round]) -> list[dict[str, object]]:
    """A row for each fault, in the order of their first rounds, and one for all."""
    names = dict.fromkeys(done.fault for done in rounds)
    rows = [_row(name, [done for done in rounds if done.fault == name]) for name in names]
    return [*rows, _row("**all**", rounds)]


def _row(name: str, rounds: Sequence[Round]) -> dict[str, object]:
    waited = sorted(wait for done in rounds for wait in done.waited)
    return {
        "fault": name,
        "rounds": len(rounds),
        "posts accepted": sum(done.accepted for done in rounds),
        "edits": sum(done.changes for done in rounds),
        "lost": sum(done.lost for done in rounds),
        "duplicated": sum(done.duplicated for done in rounds),
        "out of order": sum(done.out_of_order for done in rounds),
        "worst convergence s": max(done.worst_seconds for done in rounds),
        "median s": statistics.median(done.worst_seconds for done in rounds),
        "p99 s": waited[int(len(waited) * 0.99)] if waited else math.nan,
        "again": sum(done.unanswered for done in rounds),
        "API requests": sum(done.api_requests for done in rounds),
        "POST p99 before ms": p99_ms([sent for done in rounds for sent in done.before]),
        "POST p99 during ms": p99_ms([sent for done in rounds for sent in done.during]),
    }


def line(done: Round) -> str:
    return (
        f"{done.accepted} posts, {done.lost} lost, {done.duplicated} duplicated, {done.out_of_order} out of "
        f"order, worst convergence {done.worst_seconds:.1f} s, {done.unanswered} sent again"
    )
