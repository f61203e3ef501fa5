"""What an eye sees of a text, whatever characters it is written with."""

import json
import unicodedata
from contextlib import suppress
from functools import cache, lru_cache
from importlib.resources import files
from string import ascii_lowercase
from typing import Final

from comments.markup.plain import is_invisible

# Marks that any letter may have, and that an eye may miss: "Ạlice". Those of one script are part of it.
_MARKS: Final = (range(0x300, 0x370), range(0x1AB0, 0x1B00), range(0x1DC0, 0x1E00), range(0x20D0, 0x2100))
# What UTS 39 says of ASCII. Whoever meets such names alone does without the table, a megabyte of JSON.
_ASCII: Final = {ord("m"): "rn", ord("I"): "l", ord("1"): "l", ord("|"): "l", ord("0"): "O"}
# Symbols that are letters to an eye: white on black, in circles and in squares.
_SYMBOLS: Final = {
    first + index: letter for first in (0x1F150, 0x1F170) for index, letter in enumerate(ascii_lowercase)
}
# Small letters of Cyrillic that look like Latin capitals, which the table does not know.
_SMALL_CYRILLIC: Final = {ord(char): letter for char, letter in zip("вкмнт", "bkmht", strict=True)}
_LEFT_ALIKE: Final = (("i", "l"), ("vv", "w"))  # in capitals, and by UTS 39, they are


@lru_cache(maxsize=1_024)
def skeleton(name: str) -> str:
    """What an eye sees of a name: of two names that look alike it is the same (UTS 39, section 4), whatever
    their case, marks, spaces and punctuation."""
    text = _normal(name)
    for _ in range(2):  # lower case has look-alikes of its own
        folded = text.translate(_ASCII if text.isascii() else _look_alikes()).casefold()
        text = "".join(filter(_is_told, unicodedata.normalize("NFKD", folded)))
    for one, other in _LEFT_ALIKE:
        text = text.replace(one, other)
    return text


def _normal(name: str) -> str:
    return unicodedata.normalize("NFKC", name).translate(_SYMBOLS)


def _is_told(char: str) -> bool:
    if is_invisible(char) or any(ord(char) in marks for marks in _MARKS):
        return False
    return unicodedata.category(char)[0] in "LMN" and char not in {"\ufe0e", "\ufe0f"}


def words_in(name: str) -> list[str]:
    """The runs of letters and digits; a bar may be one, or stand between them."""
    seen = (char for char in _normal(name) if not is_invisible(char))
    runs = "".join(char if unicodedata.category(char)[0] in "LMN" or char == "|" else " " for char in seen)
    return runs.split() + runs.replace("|", " ").split()


@cache
def _look_alikes() -> dict[int, str]:
    """UTS 39's confusables: by a character's number, what stands for all that look like it. Read when it is
    first needed, and not by importing its library, which would keep ten times as much."""
    table = json.loads(files("confusable_homoglyphs").joinpath("confusables.json").read_text("utf-8"))
    alike = {key.strip("\u200e"): [one["c"].strip("\u200e") for one in found] for key, found in table.items()}
    prototypes = dict(_ASCII)
    for char, others in alike.items():
        # The library lists each pair at both ends; what has several others is what they all stand for.
        if len(char) != 1 or len(others) != 1:
            continue
        (other,) = others
        if len(other) > 1 or len(alike.get(other, ())) > 1 or other < char:
            prototypes[ord(char)] = other
    return prototypes | _SMALL_CYRILLIC | _small_capitals()


def _small_capitals() -> dict[int, str]:
    """Most are not in the table: they look like capitals, and nobody reads them as anything else."""
    found = {}
    for letter in ascii_lowercase:
        with suppress(KeyError):  # there is none of x
            found[ord(unicodedata.lookup(f"LATIN LETTER SMALL CAPITAL {letter}"))] = letter
    return found
