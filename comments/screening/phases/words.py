"""Words that a site does not want, or wants to look at first."""

from typing import Final

from comments.screening.phases.phase import PASS, Phase
from comments.screening.settings import Settings
from comments.screening.submission import Outcome, Submission, Verdict
from comments.screening.texts import searched
from comments.screening.words import Found


def words(submission: Submission, settings: Settings) -> Verdict:
    text = searched(submission)
    if found := settings.rejected_words.find(text):
        return Verdict(Outcome.REJECT, WORDS.name, _reason(found, "refused"))
    if found := settings.held_words.find(text):
        return Verdict(Outcome.HOLD, WORDS.name, _reason(found, "held"))
    return PASS


def _reason(found: Found, which: str) -> str:
    verb = "An expression finds" if found.is_pattern else "Contains"
    return f"{verb} “{found.text}” ({which} words, line {found.line})"


WORDS: Final = Phase(
    "words",
    "Words",
    "What has a word of the first list is refused, what has one of the second is held.",
    words,
    fields=("rejected_words", "held_words"),
)
