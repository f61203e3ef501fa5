"""What people type into one-line and many-line fields, made safe to store and show; pure."""

import re
import unicodedata
from typing import Final

# Bidirectional overrides let a name read as another one; the rest of category C has no look at all.
_INVISIBLE: Final = {"Cc", "Cf", "Co", "Cn", "Cs"}
# Letters, marks and a symbol that are drawn as nothing: fillers of Hangul and Khmer, Mongolian and other
# variation selectors (but 15 and 16, which emoji need), the grapheme joiner, blank braille.
_FILLERS: Final = frozenset(
    chr(code)
    for code in (
        *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
        *range(0x180B, 0x1810),
        *range(0xFE00, 0xFE0E),
        *range(0xE0100, 0xE01F0),
    )
)
_JOINERS: Final = {"\u200c", "\u200d"}  # Persian, Indic scripts and emoji sequences need them
_SELECTORS: Final = {"\ufe0e", "\ufe0f"}
_VIRAMA: Final = 9  # its combining class
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def is_blank(text: str) -> bool:
    """Whether nothing of the text can be seen: `one_line` would leave nothing of it."""
    return all(char.isspace() or char in _JOINERS or is_invisible(char) for char in text) or not one_line(
        text
    )


def is_invisible(char: str) -> bool:
    """Whether the character is drawn as nothing, wherever it stands; a joiner is one that may be needed."""
    return char in _FILLERS or (char not in _JOINERS and unicodedata.category(char) in _INVISIBLE)


def one_line(text: str) -> str:
    """NFC, without what cannot be seen, white space runs folded to one space; empty where nothing else is
    left. May be longer than `text`: some characters have no composed form."""
    kept: list[str] = []
    for char in text:
        if char in _JOINERS:
            if not _takes_joiner(kept):
                continue
        elif not char.isspace() and is_invisible(char):
            continue
        kept.append(char)
    line = " ".join(unicodedata.normalize("NFC", "".join(kept)).split())
    return line if set(line) - _JOINERS - _SELECTORS - {" "} else ""


def _takes_joiner(before: list[str]) -> bool:
    """Whether a joiner does something after these: a letter of a script that joins, a virama, an emoji."""
    for char in reversed(before):
        if unicodedata.combining(char) == _VIRAMA:
            return True
        if char not in _SELECTORS and not unicodedata.combining(char):
            is_joining = unicodedata.bidirectional(char) in {"AL", "R"}
            return is_joining or unicodedata.category(char) in {"So", "Sk"}
    return False


def many_lines(text: str) -> str:
    """Line ends as \\n, without control characters and outer blank lines."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
