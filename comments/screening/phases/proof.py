"""Proof of work from whoever looks suspicious."""

from collections.abc import Sequence
from typing import Final

from comments.errors import ProofRequired
from comments.screening.phases.mode import MODE
from comments.screening.phases.phase import NEW, PASS, Phase, passes
from comments.screening.proof import is_busy, is_proof
from comments.screening.settings import Settings
from comments.screening.submission import Submission, Verdict

NAME: Final = "proof"


def proof(submission: Submission, settings: Settings, before: Sequence[Verdict]) -> Verdict:
    """Passes, or raises ProofRequired: the sender's browser works for it and sends the same again."""
    if submission.proof and is_proof(submission.proof, submission.site):
        return PASS
    if _is_suspicious(submission, settings, before):
        raise ProofRequired
    return PASS


def _is_suspicious(submission: Submission, settings: Settings, before: Sequence[Verdict]) -> bool:
    seconds = submission.seconds_open
    return (
        any(verdict.phase != MODE.name for verdict in before)  # which says the same of everybody
        or (seconds is not None and seconds < settings.fields.min_seconds)
        or is_busy(submission.site, submission.address)
    )


PROOF: Final = Phase(
    NAME,
    "Proof of work",
    "Has the browser compute for a second or two where a phase before this one held the comment, the form "
    "was open for too short a time, or the address writes a lot.",
    passes,
    NEW,
    run_after=proof,
)
