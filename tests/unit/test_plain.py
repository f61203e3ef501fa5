"""Names and texts as people type them, before they are stored."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments.markup.plain import is_blank, many_lines, one_line


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("alice", "alice"),
        ("  alice \t of \n the  page ", "alice of the page"),
        ("al\u202eice", "alice"),
        ("\u2066alice\u2069", "alice"),
        ("al\u200bi\u2060ce\ufeff", "alice"),
        ("al\x00i\x07ce\x7f", "alice"),
        ("al\u00adice", "alice"),
        ("\ue000alice", "alice"),
        ("a\u2028b\u2029c", "a b c"),
        ("e\u0301", "\u00e9"),
        ("\u202e\u200b", ""),
        ("\u200d\u200c \u200d", ""),
        ("", ""),
    ],
)
def test_one_line_keeps_what_can_be_seen(typed: str, kept: str) -> None:
    assert one_line(typed) == kept


@given(st.text() | st.text("\u200c\u200d\u200b \n\t\x00\u202e"))
def test_what_is_blank_leaves_nothing_of_a_line(typed: str) -> None:
    assert is_blank(typed) == (one_line(typed) == "")


@pytest.mark.parametrize("typed", ["می\u200cخواهم", "👩\u200d💻", "क\u094d\u200dष"])
def test_one_line_keeps_the_joiners_that_words_and_emoji_need(typed: str) -> None:
    assert one_line(typed) == unicodedata.normalize("NFC", typed)


@given(st.text())
def test_one_line_is_one_line_and_settled(typed: str) -> None:
    line = one_line(typed)

    assert line.splitlines() in ([], [line])
    assert line == line.strip()
    assert one_line(line) == line


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("one\r\ntwo\rthree\nfour", "one\ntwo\nthree\nfour"),
        ("\n\n one \n\n", "one"),
        ("a\x00b\x08c\x0bd\x1be\x7ff", "abcdef"),
        ("a\tb", "a\tb"),
        ("    code", "code"),
        ("מה \u200fנשמע", "מה \u200fנשמע"),
    ],
)
def test_many_lines_keeps_the_lines_and_drops_control_characters(typed: str, kept: str) -> None:
    assert many_lines(typed) == kept
