"""What the site's moderators have called spam before, as its classifier has learned it."""

from typing import Final

from comments.screening.phases.phase import PASS, Phase
from comments.screening.settings import Settings
from comments.screening.spam.store import load_model
from comments.screening.submission import Outcome, Submission, Verdict


def classifier(submission: Submission, settings: Settings) -> Verdict:
    """50 % is the line that training drew, and 100 is never reached. Half a millisecond, and one short query
    every some seconds. Passes where the site has no model."""
    model = load_model(submission.site)
    if model is None:
        return PASS
    assessment = model.assess(submission.body)
    if assessment.percent >= settings.fields.spam_percent:
        return Verdict(Outcome.SPAM, CLASSIFIER.name, assessment.told())
    if assessment.percent >= settings.fields.spam_hold_percent:
        return Verdict(Outcome.HOLD, CLASSIFIER.name, assessment.told())
    return PASS


CLASSIFIER: Final = Phase(
    "classifier",
    "Spam filter",
    "Learns from what the moderators of this site call spam: ./run manage train_spam.",
    classifier,
    fields=("spam_hold_percent", "spam_percent"),
)
