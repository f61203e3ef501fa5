"""What makes two texts the same, and what is searched in one."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments.markup.render import render
from comments.screening.texts import composed, normal, targets, visible

TEXTS = st.text(st.characters(codec="utf-8"))


@given(TEXTS)
def test_what_is_normal_stays_so(text: str) -> None:
    assert normal(normal(text)) == normal(text)


def test_every_single_character_is_normal_after_one_round() -> None:
    for number in range(sys.maxunicode + 1):
        character = chr(number)
        if unicodedata.category(character) not in {"Cn", "Co", "Cs"}:
            once = normal(f"x{character}x")
            assert normal(once) == once, hex(number)


@given(st.text(st.characters(codec="ascii")))
def test_ascii_takes_the_short_way_to_the_same_end(text: str) -> None:
    assert normal(text + "\u200b") == normal(text)


@given(TEXTS, TEXTS, st.sampled_from(["\u200b", "\u00ad", "\u2060", "\ufe0f", "\u202e", "\U000e0041"]))
def test_invisible_characters_make_no_difference(left: str, right: str, between: str) -> None:
    assert normal(left + between + right) == normal(left + right)
    assert composed(left + between + right) == composed(left + right)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("CASINO", "casino"),
        ("ｃａｓｉｎｏ", "casino"),
        ("𝒄𝒂𝒔𝒊𝒏𝒐", "casino"),
        ("ca\u00adsi\u200bno", "casino"),
        ("Straße", "strasse"),
        ("STRASSE", "strasse"),
        ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
        ("cafe\u0301", "café"),
        ("ﬁne", "fine"),
        ("  two \u3000\n words ", "two words"),
        ("\u200b", ""),
    ],
)
def test_guises_of_a_text(text: str, said: str) -> None:
    assert normal(text) == said


def test_what_is_visible_has_no_markup() -> None:
    html = render("Buy **via**gra &amp; <b>more</b>\n\n- one\n- `two`")

    assert visible(html).split() == ["Buy", "viagra", "&", "<b>more</b>", "one", "two"]


def test_targets_are_the_links_that_readers_have() -> None:
    html = render(
        "[here](https://a.example/?a=1&b=2) www.b.com <https://c.example> `https://d.example` [x](about:x)"
    )

    assert targets(html) == ["https://a.example/?a=1&b=2", "http://www.b.com", "https://c.example"]
