"""Names that look alike are told by what is left of them when an eye has seen them."""

import subprocess
import sys

import pytest

from comments.identity.look_alikes import skeleton
from comments.markup.plain import one_line


@pytest.mark.parametrize(
    "name",
    [
        "ALICE",
        "AIice",  # a capital i
        "A1ice",
        "A|ice",
        "A l.i-c_e",
        "Аlice",
        "Аӏісе",
        "ΑLΙCE",
        "Ａｌｉｃｅ",
        "𝐀𝐥𝐢𝐜𝐞",
        "Ⓐⓛⓘⓒⓔ",
        "ᴀʟɪᴄᴇ",
        "🅰🅻🅸🅲🅴",
        "🅐🅛🅘🅒🅔",
        "al\u200bice",
        "al\u200d\u200cice",
        "\u202ealice\u202c",
        "al\u3164ice",
        "a\ufe0flice",
        "al\u034fice",
        "Ạlícȇ",
        "A\u0336l\u0336ice",
        "Alice ✓",
        "★ Alice ★",
        "Alice 🛡️",
    ],
)
def test_what_looks_like_a_name_has_its_skeleton(name: str) -> None:
    assert skeleton(name) == skeleton("Alice")


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("rnorgan", "morgan"),
        ("Мorgan", "morgan"),
        ("B0b", "Bob"),
        ("vvilma", "Wilma"),
        ("Борис", "БОРИС"),
        ("Катя Новикова", "КАТЯ НОВИКОВА"),
        ("Aдмin", "aдmin"),
        ("Jose\u0301", "Jose"),
        ("Müller", "Muller"),
        ("山田", "山 田"),
        ("علي", "ع‌لي"),
    ],
)
def test_pairs_that_look_alike(name: str, other: str) -> None:
    assert skeleton(name) == skeleton(other)


@pytest.mark.parametrize(
    ("name", "other"),
    [("Alice", "Alicia"), ("Alice", "Alice2"), ("मोहन", "मोहिनी"), ("山田", "山本"), ("Борис", "Doris")],
)
def test_pairs_that_do_not(name: str, other: str) -> None:
    assert skeleton(name) != skeleton(other)


@pytest.mark.parametrize("name", ["", "!!!", "✓ ★", "\u200b"])
def test_what_says_nothing_looks_like_nobody(name: str) -> None:
    assert skeleton(name) == ""


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Al\u200dice", "Alice"),
        ("\u200cAlice\u200d", "Alice"),
        ("Al\u3164ice", "Alice"),
        ("Al\u034fice\u2800", "Alice"),
        ("\u2067Alice\u2069\u061c", "Alice"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("می\u200c\u200cخواهم", "می\u200cخواهم"),
        ("👩🏽\u200d💻", "👩🏽\u200d💻"),
        ("❤️\u200d🔥", "❤️\u200d🔥"),
        ("\ufe0f", ""),
    ],
)
def test_nothing_that_cannot_be_seen_is_in_a_name(typed: str, kept: str) -> None:
    assert one_line(typed) == kept


def test_the_table_is_read_when_a_name_needs_it() -> None:
    script = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'comments.settings'\n"
        "import django; django.setup(); import comments.urls\n"
        "from comments.identity import look_alikes as it; it.skeleton('Alice')\n"
        "print(it._look_alikes.cache_info().currsize, 'PIL.Image' in sys.modules, "
        "'confusable_homoglyphs' in sys.modules)\n"
        "it.skeleton('Алиса'); print(it._look_alikes.cache_info().currsize)"
    )

    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert said.stdout.split() == ["0", "False", "False", "1"]
