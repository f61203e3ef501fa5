"""Lists of words and regular expressions, compiled once and found in a text at once.

A line is a word or several, found as whole words, or `/…/`, a regular expression. Words are one automaton
(Aho and Corasick), so that 100,000 take as long as one; expressions are RE2's, whose time grows with the
text and never explodes.
"""

import logging
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import ahocorasick
import re2

from comments.screening.texts import Searched, normal

logger = logging.getLogger(__name__)

LINES_MAX: Final = 100_000
ENTRY_MAX_CHARS: Final = 200
PATTERN_MAX_CHARS: Final = 1_000
# Where its automaton does not fit into memory, RE2 takes text times program: 0.2 s for the longest comment
# and the largest program, were one written for that.
PROGRAM_MAX: Final = 2_000
PROGRAMS_MAX: Final = 20_000  # all of a list together
PATTERNS_MAX: Final = 200
PATTERN_MEMORY_BYTES: Final = 1 << 20
SHOWN_CHARS: Final = 60
SHOWN_PROBLEMS: Final = 20
_LENGTHS: Final = 256  # an automaton's value is line * _LENGTHS + length: a tuple each would take 10 MB more

# Scripts that put no space between words, or where endings join them: an entry is found inside a longer run.
_UNSPACED: Final = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3040, 0x31FF),  # Kana
    (0x3400, 0x9FFF),  # Han
    (0xAC00, 0xD7AF),  # Hangul
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, and the line that asks for it; `is_pattern` where that is an expression."""

    text: str
    line: int
    is_pattern: bool = False


@dataclass(slots=True)
class Parsed:
    """A list as it was read; what is wrong with a line is a sentence, and the line is left out."""

    entries: list[tuple[int, str]] = field(default_factory=list)
    patterns: list[tuple[int, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    program_size: int = 0


class WordList:
    """A compiled list; may be used by several threads."""

    def __init__(self, parsed: Parsed) -> None:
        self._patterns = parsed.patterns
        self._automaton = ahocorasick.Automaton(ahocorasick.STORE_INTS)
        for line, entry in parsed.entries:
            if not self._automaton.exists(entry):
                self._automaton.add_word(entry, line * _LENGTHS + len(entry))
        self._has_words = bool(parsed.entries)
        if self._has_words:
            self._automaton.make_automaton()

    def find(self, text: Searched) -> Found | None:
        """The first word in the text, else what the first expression finds."""
        if self._has_words:
            said = text.normal
            for last, value in self._automaton.iter(said):
                line, length = divmod(value, _LENGTHS)
                start, end = last + 1 - length, last + 1
                if _is_whole(said, start, end):
                    return Found(said[start:end], line)
        for line, pattern in self._patterns:
            if match := pattern.search(text.composed):
                return Found(_shown(match.group()), line, is_pattern=True)
        return None


@lru_cache(maxsize=4)  # a list of 100,000 takes 30 MB; the rules in use keep theirs
def compiled(text: str) -> WordList:
    """The list; lines that cannot be used are left out, and logged."""
    parsed = parse(text)
    for problem in parsed.problems:
        logger.warning("a list of words: %s It is left out.", problem)
    return WordList(parsed)


def parse(text: str) -> Parsed:
    """Reads a list, line by line."""
    parsed = Parsed()
    for line, entry in lines(text, parsed.problems.append):
        problem = _add(parsed, line, entry)
        if problem:
            parsed.problems.append(f"Line {line}: {problem}")
            if len(parsed.problems) >= SHOWN_PROBLEMS:
                parsed.problems.append("What comes after it was not read.")
                break
    return parsed


def lines(text: str, report: Callable[[str], None]) -> Iterator[tuple[int, str]]:
    """The lines that say something, with their numbers; `report` is told where there are too many."""
    # Only what a browser's form breaks lines at, or the numbers would not be those that people see.
    for number, line in enumerate(text.split("\n"), 1):
        if number > LINES_MAX:
            report(f"There are more than {LINES_MAX:,} lines.")
            return
        if stripped := line.strip():
            yield number, stripped


def _add(parsed: Parsed, line: int, entry: str) -> str:
    """What is wrong with the line, or nothing, and it is among the others."""
    if "\x00" in entry:
        return "it has a NUL character."
    if len(entry) >= 2 and entry[0] == entry[-1] == "/":
        return _add_pattern(parsed, line, entry[1:-1])
    found = normal(entry)
    if not found:
        return "nothing of this can be seen in a text."
    if len(entry) > ENTRY_MAX_CHARS or len(found) > ENTRY_MAX_CHARS:
        return f"{len(entry):,} characters are too long; the most is {ENTRY_MAX_CHARS}."
    parsed.entries.append((line, found))
    return ""


def _add_pattern(parsed: Parsed, line: int, source: str) -> str:
    if len(source) > PATTERN_MAX_CHARS:
        return (
            f"{len(source):,} characters are too long for an expression; the most is {PATTERN_MAX_CHARS:,}."
        )
    if len(parsed.patterns) >= PATTERNS_MAX:
        return f"there are more than {PATTERNS_MAX} expressions; write words where words do."
    try:
        pattern = re2.compile(source, _options())
    except (re2.error, UnicodeError) as error:
        return f"the expression is not possible: {_told(error)}."
    if pattern.search("") is not None:
        return "the expression finds something in every text, even an empty one."
    parsed.program_size += pattern.programsize
    if pattern.programsize > PROGRAM_MAX or parsed.program_size > PROGRAMS_MAX:
        return "the expression is too large, or all of them together are; write smaller repetitions."
    parsed.patterns.append((line, pattern))
    return ""


def _options() -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = PATTERN_MEMORY_BYTES
    return options


def _told(error: Exception) -> str:
    """What RE2 says is bytes."""
    said = error.args[0] if error.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


def _shown(text: str) -> str:
    return text if len(text) <= SHOWN_CHARS else f"{text[: SHOWN_CHARS - 1]}…"


def _is_whole(text: str, start: int, end: int) -> bool:
    return not (start > 0 and _is_joined(text[start - 1], text[start])) and not (
        end < len(text) and _is_joined(text[end - 1], text[end])
    )


def _is_joined(left: str, right: str) -> bool:
    """Whether the two are of one word."""
    return _is_letter(left) and _is_letter(right) and not (_is_unspaced(left) or _is_unspaced(right))


def _is_letter(char: str) -> bool:
    return char.isalnum() or (not char.isascii() and unicodedata.category(char)[0] == "M")


def _is_unspaced(char: str) -> bool:
    return any(first <= ord(char) <= last for first, last in _UNSPACED)
