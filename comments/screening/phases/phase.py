"""A phase: one thing that a submission is looked at for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from comments.screening.settings import Settings
from comments.screening.submission import Kind, Outcome, Submission, Verdict

EVERY_KIND: Final = frozenset(Kind)
WRITTEN_HERE: Final = frozenset({Kind.POST, Kind.EDIT})
NEW: Final = frozenset({Kind.POST})

PASS: Final = Verdict(Outcome.PASS, "")


@dataclass(frozen=True, slots=True)
class Phase:
    """`title` and `help_text` are for owners; `fields` are those of SiteRules that it goes by. One that is
    `is_fixed` cannot be switched off. `run` answers PASS, or a verdict of its own."""

    name: str
    title: str
    help_text: str
    run: Callable[[Submission, Settings], Verdict]
    kinds: frozenset[Kind] = EVERY_KIND
    fields: tuple[str, ...] = ()
    is_fixed: bool = False
    # For one that asks the network, which no request waits for: `run` passes, and what came is held until
    # `check` has run in the background. It raises CallFailed.
    check: Callable[[Submission, Settings], Verdict] | None = None
    is_set_up: Callable[[Settings], bool] = lambda settings: True
    # In place of `run`, for one that goes by what the phases before it said.
    run_after: Callable[[Submission, Settings, Sequence[Verdict]], Verdict] | None = None


def passes(submission: Submission, settings: Settings) -> Verdict:
    return PASS
