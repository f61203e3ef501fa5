"""The same text again."""

from typing import Final

from comments.screening.phases.phase import PASS, WRITTEN_HERE, Phase
from comments.screening.settings import Settings
from comments.screening.submission import Outcome, Submission, Verdict


def repeats(submission: Submission, settings: Settings) -> Verdict:
    minutes = settings.fields.repeats_minutes
    who = settings.history.said_before(submission, minutes=minutes)
    if not who:
        return PASS
    within = "a minute" if minutes == 1 else f"{minutes} minutes"
    return Verdict(Outcome.HOLD, REPEATS.name, f"The same text came {who} within {within}")


REPEATS: Final = Phase(
    "repeats",
    "Repeats",
    "By the same author or from the same address, and longer texts from anybody on the site.",
    repeats,
    WRITTEN_HERE,
    fields=("repeats_minutes",),
)
