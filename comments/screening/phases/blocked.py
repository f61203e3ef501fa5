"""Senders whom the owner has had enough of."""

from typing import Final

from comments.screening.phases.phase import PASS, Phase
from comments.screening.settings import Settings
from comments.screening.submission import Outcome, Submission, Verdict


def blocked(submission: Submission, settings: Settings) -> Verdict:
    for email in {submission.email, submission.author.email}:
        if line := settings.emails.line_of(email):
            return _refused(f"The e-mail address is blocked (line {line})")
    if line := settings.ranges.line_of(submission.address):
        return _refused(f"The network address is blocked (line {line})")
    return PASS


def _refused(reason: str) -> Verdict:
    return Verdict(Outcome.REJECT, BLOCKED.name, reason)


BLOCKED: Final = Phase(
    "blocked",
    "Blocked senders",
    "What comes from these is refused. Banning an author is done at their comment.",
    blocked,
    fields=("blocked_emails", "blocked_addresses"),
)
