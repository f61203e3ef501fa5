"""The words for who looks after a site, in the embed's languages and in everyday English."""

import unicodedata
from functools import cache, lru_cache
from typing import Final

from comments.identity.look_alikes import skeleton, words_in

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

# Anywhere in a badge, which is a few letters that a site chooses, and no name that somebody was born with.
_STEMS: Final = """
    admin moderat moderad moderaci kibitz webmaster siteowner propriet propietari betreiber inhaber besitzer
    مشرف مدير مالك モデレ 管理者 管理人 運営 所有者 オーナー オーナ
    модератор админ владелец 版主 管理员
"""
_IN_BADGES: Final = "owners op team official responsable"  # words of theirs, beside those of names
_SPELT: Final = str.maketrans("345$@!", "eassai")  # beside what looks alike


@lru_cache(maxsize=1_024)  # as many writers as a process meets in a while
def is_title(name: str) -> bool:
    """Whether a name is, or has as a word of its own, what staff is called."""
    titles, words, _ = _reserved()
    return skeleton(name) in words or any(skeleton(word) in titles for word in words_in(name))


def reads_like_staff(badge: str) -> bool:
    """Whether readers could take it for a moderator's or owner's badge, spelt with spaces, digits, or letters
    of another script that look the same."""
    _, words, stems = _reserved()
    words |= frozenset(map(skeleton, _IN_BADGES.split()))
    # As it stands, and without its marks: letters of another script have look-alikes with none.
    for text in dict.fromkeys([badge, badge.translate(_SPELT), _without_marks(badge).translate(_SPELT)]):
        whole = skeleton(text)
        parts = {skeleton(word) for word in words_in(text)}
        if any(stem in whole for stem in stems) or whole in words or not words.isdisjoint(parts):
            return True
    return False


def _without_marks(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKD", text) if unicodedata.category(char) != "Mn")


@cache
def _reserved() -> tuple[frozenset[str], frozenset[str], tuple[str, ...]]:
    titles = frozenset(map(skeleton, _TITLES.split()))
    words = titles | frozenset(map(skeleton, _WORDS.split()))
    return titles, words, tuple(dict.fromkeys(map(skeleton, _STEMS.split())))
