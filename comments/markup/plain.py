"""What people type into one-line and many-line fields, made safe to store and show; pure."""

import re
import unicodedata
from typing import Final

# Bidirectional overrides let a name read as another one; the rest of category C has no look at all.
_INVISIBLE: Final = {"Cc", "Cf", "Co", "Cn", "Cs"}
_KEPT_FORMAT: Final = {"\u200c", "\u200d"}  # joiners: Persian, Indic scripts and emoji sequences need them
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def is_blank(text: str) -> bool:
    """Whether nothing of the text can be seen: `one_line` would leave nothing of it."""
    return all(
        char.isspace() or char in _KEPT_FORMAT or unicodedata.category(char) in _INVISIBLE for char in text
    )


def one_line(text: str) -> str:
    """NFC, without invisible characters, white space runs folded to one space; empty where only joiners are
    left. May be longer than `text`: some characters have no composed form."""
    visible = (
        char
        for char in text
        if char in _KEPT_FORMAT or char.isspace() or unicodedata.category(char) not in _INVISIBLE
    )
    line = " ".join(unicodedata.normalize("NFC", "".join(visible)).split())
    return line if set(line) - _KEPT_FORMAT - {" "} else ""


def many_lines(text: str) -> str:
    """Line ends as \\n, without control characters and outer blank lines."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
