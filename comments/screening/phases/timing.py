"""How long the form was open."""

from typing import Final

from comments.screening.phases.phase import NEW, PASS, Phase
from comments.screening.settings import Settings
from comments.screening.submission import Outcome, Submission, Verdict


def timing(submission: Submission, settings: Settings) -> Verdict:
    seconds, least = submission.seconds_open, settings.fields.min_seconds
    if seconds is None or seconds >= least:  # None: a program of the owner's, which has no form
        return PASS
    return Verdict(Outcome.HOLD, TIMING.name, f"Written in {max(seconds, 0):.1f} s (people take {least} s)")


TIMING: Final = Phase(
    "timing", "Timing", "Nobody writes a comment in a second.", timing, NEW, fields=("min_seconds",)
)
