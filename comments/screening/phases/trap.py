"""A field that people do not see, and programs fill in."""

from typing import Final

from comments.screening.phases.phase import NEW, PASS, Phase
from comments.screening.settings import Settings
from comments.screening.submission import Outcome, Submission, Verdict


def trap(submission: Submission, settings: Settings) -> Verdict:
    if not submission.trap:
        return PASS
    return Verdict(Outcome.SPAM, TRAP.name, "Filled in a field that people do not see")


TRAP: Final = Phase(
    "trap", "Trap", "Who fills in a field that people do not see is a program: spam.", trap, NEW
)
