"""What phases look at in a text: the same for everybody who writes it in another guise; pure."""

import re
import unicodedata
from dataclasses import dataclass
from hashlib import sha256
from html import unescape
from typing import Final

from comments.markup.render import render
from comments.screening.submission import Submission

# Unicode's Default_Ignorable_Code_Point: has no look, so that it hides a word from whoever compares.
_IGNORABLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
_SPACE: Final = re.compile(r"\s+")
_BREAKING: Final = re.compile(r"</?(?:p|br|li|ul|ol|pre|blockquote)\b[^>]*>")
_TAG: Final = re.compile(r"<[^>]*>")
_TARGET: Final = re.compile(r'<a href="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Searched:
    """What words are looked for in: `composed` for patterns, `normal` for words."""

    composed: str
    normal: str


def normal(text: str) -> str:
    """How a text compares: compatibility forms, case and invisible characters make no difference, nor does
    the kind of white space. Doing it again changes nothing."""
    if text.isascii():
        return _SPACE.sub(" ", text.lower()).strip()
    folded = unicodedata.normalize("NFKC", composed(text).casefold())
    # Folding may bring about what folds again (U+1E9E, U+0345).
    folded = unicodedata.normalize("NFKC", folded.casefold())
    return _SPACE.sub(" ", _IGNORABLE.sub("", folded)).strip()


def composed(text: str) -> str:
    """The same with its case."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", _IGNORABLE.sub("", text))


def searched(submission: Submission) -> Searched:
    """What readers would see of it, where its links lead, and the name over it."""
    html = html_of(submission)
    text = "\n".join([visible(html), *targets(html), submission.name])
    return Searched(composed(text), normal(text))


def html_of(submission: Submission) -> str:
    return submission.html or render(submission.body)


def visible(html: str) -> str:
    """The text of what `render` made: a word with a bold letter is one word still."""
    return unescape(_TAG.sub("", _BREAKING.sub("\n", html)))


def targets(html: str) -> list[str]:
    """Where its links lead, as often as they do."""
    return [unescape(target) for target in _TARGET.findall(html)]


def digest(submission: Submission) -> str:
    """The same for the same text, whoever says it."""
    html = html_of(submission)
    said = normal("\n".join([visible(html), *targets(html)]))
    return sha256(said.encode()).hexdigest()
