"""Lists of words: what they find, what they refuse, and how long that takes."""

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments.screening.texts import Searched, composed, normal
from comments.screening.words import (
    ENTRY_MAX_CHARS,
    LINES_MAX,
    PATTERNS_MAX,
    Found,
    WordList,
    compiled,
    parse,
)

EXPLODING = ["/(a+)+$/", "/(a|a)*b/", "/(.*a){20}/", "/^(([a-z])+.)+[A-Z]([a-z])+$/", "/(x+x+)+y/"]


def read(text: str) -> Searched:
    return Searched(composed(text), normal(text))


def found(words: str, text: str) -> Found | None:
    return WordList(parse(words)).find(read(text))


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("casino", "The CASINO."),
        ("casino", "the ｃａｓｉｎｏ"),
        ("Casino", "best_casino_ever"),
        ("casino", "https://casino.example/x"),
        ("free money", "Free\n   money!"),
        ("c++", "I like C++11"),
        ("straße", "STRASSE"),
        ("カジノ", "新しいカジノです"),
        ("赌场", "最好的赌场在这里"),
        ("카지노", "카지노를 찾아"),
        ("كازينو", "افضل كازينو هنا"),
        ("***", "a***b"),
    ],
)
def test_a_word_is_found_in_every_guise(word: str, text: str) -> None:
    assert found(f"other\n{word}\n", text) == Found(normal(word), 2)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("ass", "A class of assets"),
        ("casino", "casinos casino2 precasino"),
        ("schon", "schön"),
        ("cafe", "cafe\u0301"),  # the accent belongs to the word
        ("free money", "freemoney"),
        ("казино", "казином"),
    ],
)
def test_only_whole_words_are_found(word: str, text: str) -> None:
    assert found(word, text) is None


def test_a_whole_word_is_found_behind_a_part_of_one() -> None:
    assert found("ass", "assets of an ass") == Found("ass", 1)


@given(st.lists(st.text("abc d", min_size=1, max_size=6), max_size=8), st.text("abc d,", max_size=30))
def test_the_automaton_finds_what_a_plain_search_finds(entries: list[str], text: str) -> None:
    """A word is there where it stands in the text between what is no letter."""
    said = f" {normal(text)} ".replace(",", " , ")
    marked = normal(text)
    there = {
        normal(entry)
        for entry in entries
        if normal(entry)
        and any(
            marked[at : at + len(normal(entry))] == normal(entry)
            and not marked[at - 1 : at].isalnum()
            and not marked[at + len(normal(entry)) :][:1].isalnum()
            for at in range(len(marked))
        )
    }

    match = found("\n".join(entries), text)

    assert (match is None) == (not there), (said, there)
    assert match is None or match.text in there


def test_an_expression_sees_the_case_folded_text() -> None:
    assert found("word\n/crypto.?coin/", "My Crypto-Coins") == Found("Crypto-Coin", 2, is_pattern=True)
    assert found("/^first/", "second first") is None


@pytest.mark.parametrize("source", EXPLODING)
def test_no_expression_explodes(source: str) -> None:
    words = WordList(parse(source))
    text = read("a" * 9_999 + "!")

    words.find(text)  # a backtracking engine would not come back in this test's lifetime


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/(/", "missing )"),
        ("/[a/", "missing ]"),
        ("/(?=a)b/", "invalid perl operator"),
        (r"/(a)\1/", "invalid escape sequence"),
        ("/a{1001}/", "invalid repetition size"),
        ("/((a{100}){100}){100}/", "invalid repetition size"),
        (r"/(\pL{1,30} ){1,30}z/", ""),
        ("//", "every text"),
        ("/a*/", "every text"),
        ("/" + "a" * 10_000 + "/", "too long"),
        ("b" * 10_000, "too long"),
        ("\ufdfa" * ENTRY_MAX_CHARS, "too long"),  # 18 characters each, composed
        ("a\x00b", "NUL"),
        ("\u200b\u00ad", "nothing of this can be seen"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_and_left_out(line: str, told: str) -> None:
    parsed = parse(f"good\n\n{line}\nalso good")

    (problem,) = parsed.problems
    assert problem.startswith("Line 3: ")
    assert told in problem
    assert [entry for _, entry in parsed.entries] == ["good", "also good"]
    assert found(f"good\n\n{line}\nalso good", "this is also good") == Found("also good", 4)


def test_there_are_only_so_many_expressions_and_problems() -> None:
    parsed = parse("\n".join(f"/word{number}/" for number in range(PATTERNS_MAX + 100)))

    assert len(parsed.patterns) == PATTERNS_MAX
    assert parsed.problems[0].startswith(f"Line {PATTERNS_MAX + 1}: there are more than")
    assert parsed.problems[-1] == "What comes after it was not read."


def test_there_are_only_so_many_lines() -> None:
    parsed = parse("word\n" * (LINES_MAX + 1))

    assert parsed.problems == ["There are more than 100,000 lines."]
    assert len(parsed.entries) == LINES_MAX


def test_line_ends_of_a_form_are_line_ends_and_no_others_are() -> None:
    assert found("one\r\ntwo\r\n\r\nfour", "four") == Found("four", 4)
    assert found("one\u2028x\nfour", "four") == Found("four", 2)


@pytest.mark.parametrize("text", ["", "\n\n", "\x00", "/", "\ud800"])
def test_nonsense_is_an_empty_list(text: str) -> None:
    assert WordList(parse(text)).find(read("Hello.")) is None


def test_each_of_a_hundred_thousand_words_is_found_and_no_other() -> None:
    chance = random.Random(1)

    def word() -> str:
        return "".join(chance.choices(string.ascii_lowercase, k=chance.randint(5, 14)))

    words = list({word() for _ in range(LINES_MAX)})
    text = read(" ".join("".join(chance.choices("aeioux", k=4)) for _ in range(200)))
    every = compiled("\n".join(words))

    assert every.find(text) is None
    for wanted in chance.sample(words, 100):
        assert every.find(read(f"{text.normal} {wanted}")) is not None
