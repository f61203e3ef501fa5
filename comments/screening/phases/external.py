"""A service of the owner's own."""

from typing import Final

from comments.screening import external
from comments.screening.phases.phase import WRITTEN_HERE, Phase, passes
from comments.screening.settings import Settings
from comments.screening.submission import Submission, Verdict


def check(submission: Submission, settings: Settings) -> Verdict:
    fields = settings.fields
    return external.check(submission, url=fields.external_url, secret=fields.external_secret)


EXTERNAL: Final = Phase(
    external.PHASE,
    "Your own service",
    "Asks a service of yours, over HTTP; where that fails, the comment is held.",
    passes,
    WRITTEN_HERE,
    fields=("external_url", "external_secret"),
    check=check,
    is_set_up=lambda settings: bool(settings.fields.external_url and settings.fields.external_secret),
)
