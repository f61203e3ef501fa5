"""Akismet."""

from typing import Final

from comments.screening import akismet
from comments.screening.phases.phase import WRITTEN_HERE, Phase, passes
from comments.screening.settings import Settings
from comments.screening.submission import Submission, Verdict


def check(submission: Submission, settings: Settings) -> Verdict:
    return akismet.check(submission, key=settings.fields.akismet_key)


AKISMET: Final = Phase(
    akismet.PHASE,
    "Akismet",
    "Asks akismet.com, which is told the text, the name, the e-mail and the network address.",
    passes,
    WRITTEN_HERE,
    fields=("akismet_key",),
    check=check,
    is_set_up=lambda settings: bool(settings.fields.akismet_key),
)
