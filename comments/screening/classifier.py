"""The phase that asks what the site's moderators have called spam before."""

from typing import Final

from comments.screening.spam.store import load_model
from comments.screening.submission import Outcome, Submission, Verdict

PHASE: Final = "classifier"


def classify(submission: Submission, *, hold_percent: int, spam_percent: int) -> Verdict:
    """Spam from `spam_percent` on, held from `hold_percent` on; 50 is the line that training drew, and 100 is
    never reached. Passes where the site has no model.

    Takes half a millisecond, and one short query every some seconds.
    """
    model = load_model(submission.site)
    if model is None:
        return Verdict(Outcome.PASS, PHASE)
    assessment = model.assess(submission.body)
    if assessment.percent >= spam_percent:
        return Verdict(Outcome.SPAM, PHASE, assessment.told())
    if assessment.percent >= hold_percent:
        return Verdict(Outcome.HOLD, PHASE, assessment.told())
    return Verdict(Outcome.PASS, PHASE)
