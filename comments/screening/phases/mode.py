"""What the site says of everything that is written on it."""

from typing import Final

from comments.screening.phases.phase import PASS, WRITTEN_HERE, Phase
from comments.screening.settings import Settings
from comments.screening.submission import Outcome, Submission, Verdict
from comments.sites.models import Site


def mode(submission: Submission, settings: Settings) -> Verdict:
    if submission.site.moderation != Site.Moderation.PRE:
        return PASS
    return Verdict(Outcome.HOLD, MODE.name, "The site shows nothing before a moderator has approved it")


MODE: Final = Phase(
    "mode",
    "Moderation of the site",
    "Holds everything where the site is set to hold until a moderator approves.",
    mode,
    WRITTEN_HERE,
    is_fixed=True,
)
