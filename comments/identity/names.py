"""Which names are somebody's here: of the site's moderators and owners, and the words for what they are."""

import json
import time
import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from rest_framework.exceptions import ErrorDetail

from comments.errors import Invalid
from comments.identity.models import Author
from comments.markup.plain import is_invisible
from comments.sites.models import Site
from comments.sites.roles import MODERATE, may, moderators_of

REMEMBER_SECONDS: Final = 60.0  # an account with a new name waits so long for it to be its own
_remembered: dict[int, tuple[float, frozenset[str]]] = {}

# As a word of a name, too: "Alice (moderator)". Nobody is called so.
_TITLES: Final = """
    admin administrator moderator moderators
    administratorin moderatorin moderation
    administrador administradora moderador moderadora
    administrateur administratrice modérateur modératrice
    管理者 管理人 モデレーター モデレータ
    مشرف المشرف
"""
# As a whole name alone: people have some of these within theirs.
_WORDS: Final = """
    mod mods owner siteowner staff administration webmaster
    inhaber inhaberin eigentümer eigentümerin betreiber betreiberin mitarbeiter mitarbeiterin redaktion
    propietario propietaria dueño dueña moderación administración
    propriétaire modération équipe
    オーナー 所有者 運営 運営者 スタッフ 管理
    مدير المدير مالك_الموقع صاحب_الموقع إدارة الإدارة طاقم_العمل
"""

# Marks that any letter may have, and that an eye may miss: "Ạlice". Those of one script are part of it.
_MARKS: Final = (range(0x300, 0x370), range(0x1AB0, 0x1B00), range(0x1DC0, 0x1E00), range(0x20D0, 0x2100))
# What UTS 39 says of ASCII. Whoever meets such names alone does without the table, a megabyte of JSON.
_ASCII: Final = {ord("m"): "rn", ord("I"): "l", ord("1"): "l", ord("|"): "l", ord("0"): "O"}
_LEFT_ALIKE: Final = (("i", "l"), ("vv", "w"))  # in capitals, and by UTS 39, they are


def require_name(site: Site, name: str, *, account: Callable[[], object] = lambda: None) -> None:
    """Raises Invalid, with the code `reserved`, for a name that readers may take for that of somebody who
    looks after the site, unless the account that asks is one that does: it is looked for only then."""
    if is_reserved(site, name) and not may(account(), MODERATE, site.pk):
        told = ErrorDetail("That name belongs to somebody here.", code="reserved")
        raise Invalid("That name belongs to somebody here.", fields={"name": [told]})


def is_reserved(site: Site, name: str) -> bool:
    whole = skeleton(name)
    if not whole:
        return False
    return whole in _staff_names(site) or _is_title(name)


@lru_cache(maxsize=1_024)  # as many writers as a process meets in a while
def _is_title(name: str) -> bool:
    titles, words = _reserved_words()
    return skeleton(name) in words or any(skeleton(word) in titles for word in _words_in(name))


@lru_cache(maxsize=1_024)
def skeleton(name: str) -> str:
    """What an eye sees of a name: of two names that look alike it is the same (UTS 39, section 4), whatever
    their case, marks, spaces and punctuation."""
    text = unicodedata.normalize("NFKC", name)
    for _ in range(2):  # lower case has look-alikes of its own
        folded = text.translate(_ASCII if text.isascii() else _look_alikes()).casefold()
        text = "".join(filter(_is_told, unicodedata.normalize("NFKD", folded)))
    for one, other in _LEFT_ALIKE:
        text = text.replace(one, other)
    return text


def _is_told(char: str) -> bool:
    if is_invisible(char) or any(ord(char) in marks for marks in _MARKS):
        return False
    return unicodedata.category(char)[0] in "LMN" and char not in {"\ufe0e", "\ufe0f"}


def _words_in(name: str) -> list[str]:
    """The runs of letters and digits; a bar may be one, or stand between them."""
    seen = (char for char in unicodedata.normalize("NFKC", name) if not is_invisible(char))
    runs = "".join(char if unicodedata.category(char)[0] in "LMN" or char == "|" else " " for char in seen)
    return runs.split() + runs.replace("|", " ").split()


def _staff_names(site: Site) -> frozenset[str]:
    """Of accounts with a role, and of authors that are accounts', as they were within the last minute."""
    forget_at, names = _remembered.get(site.pk, (0.0, frozenset[str]()))
    now = time.monotonic()
    if forget_at <= now:
        names = frozenset(filter(None, map(skeleton, _names_of_staff(site))))
        _remembered[site.pk] = (now + REMEMBER_SECONDS, names)
    return names


def _names_of_staff(site: Site) -> list[str]:
    """An account's own name is what readers never see where it has a full one, and is told to nobody here."""
    shown = list(Author.objects.filter(site=site, staff__isnull=False).values_list("name", flat=True))
    return shown + [user.get_full_name() or user.get_username() for user in moderators_of(site.pk)]


@cache
def _reserved_words() -> tuple[frozenset[str], frozenset[str]]:
    titles = frozenset(map(skeleton, _TITLES.split()))
    return titles, titles | frozenset(map(skeleton, _WORDS.split()))


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
    return prototypes
