"""Badges that a site gives its readers: none may read like one that Kibitz itself gives."""

import re
import unicodedata
from typing import Final

# What staff is called in the languages of embed/messages and in everyday English, as `_skeleton` leaves it.
_STEMS: Final = (  # wherever they stand
    "admin",
    "moderat",
    "moderad",
    "moderaci",
    "kibitz",
    "webmaster",
    "siteowner",
    "propriet",
    "propietari",
    "betreiber",
    "inhaber",
    "besitzer",
    "مشرف",
    "مدير",
    "مالك",
    "モデレ",
    "管理者",
    "管理人",
    "運営",
    "所有者",
    "オーナー",
    "オーナ",
    "модератор",
    "админ",
    "владелец",
    "版主",
    "管理员",
)
_WORDS: Final = {
    "mod",
    "mods",
    "owner",
    "owners",
    "op",
    "staff",
    "team",
    "official",
    "dueño",
    "dueña",
    "responsable",
}
_LATIN_NAME: Final = re.compile(r"LATIN (?:(?:SMALL|CAPITAL) LETTER|LETTER SMALL CAPITAL) ([A-Z])\b")
_DIGITS: Final = str.maketrans("01345$@|!", "oieassali")


def reads_like_staff(badge: str) -> bool:
    """Whether readers could take it for a moderator's or owner's badge, in any of our languages, spelt with
    spaces, digits, or letters of another script that look the same."""
    return any(map(_names_staff, (_skeleton(badge), _plain(badge))))


def _names_staff(text: str) -> bool:
    words = ["".join(filter(str.isalnum, word)) for word in text.split()]
    whole = "".join(words)
    return any(stem in whole for stem in _PLAIN_STEMS) or not _PLAIN_WORDS.isdisjoint([whole, *words])


def _skeleton(text: str) -> str:
    """The letters that it looks like: of Latin ones the small ASCII ones, without marks."""
    latin = "".join(map(_latin, unicodedata.normalize("NFKC", text)))
    return _plain(latin).translate(_DIGITS).replace("rn", "m").replace("vv", "w")


def _latin(char: str) -> str:
    """The ASCII letter that it looks like in either case, else the character itself."""
    if char.isascii():
        return char
    if found := _LATIN_NAME.match(unicodedata.name(char, "")):
        return found[1]
    # A megabyte of tables, of which only a badge has need.
    from confusable_homoglyphs.confusables import is_confusable

    for form in dict.fromkeys([char, char.upper(), char.lower()]):
        alike = [
            each["c"]
            for found in (is_confusable(form, greedy=True) or [])
            for each in found["homoglyphs"]
            if each["c"].isascii() and each["c"].isalpha()
        ]
        if alike:
            return str(alike[0])
    return char


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = (char for char in decomposed if unicodedata.category(char) not in {"Mn", "Cf"})
    return unicodedata.normalize("NFKC", "".join(kept)).casefold()


_PLAIN_STEMS: Final = tuple(dict.fromkeys(map(_plain, _STEMS)))
_PLAIN_WORDS: Final = frozenset(map(_plain, _WORDS))
