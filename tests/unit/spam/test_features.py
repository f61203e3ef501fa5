"""What the classifier sees in a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments.screening.spam.features import HEAD_CHARS, TAIL_CHARS, fold, read


def seen(text: str) -> set[str]:
    return {one.name for one in read(text).seen}


@pytest.mark.parametrize(
    ("word", "same_as"),
    [
        ("SUBSCRIBE", "subscribe"),
        ("Sooooooo", "soo"),
        ("Café", "cafe"),
        ("2024", "1999"),
        ("Straße", "STRASSE"),
        ("don’t", "don't"),
        ("ＦＲＥＥ", "free"),
    ],
)
def test_words_that_differ_in_looks_alone_are_one(word: str, same_as: str) -> None:
    assert fold(word) == fold(same_as)


@pytest.mark.parametrize(
    "text",
    [
        "see http://example.org/page",
        "see www.example.org",
        "see example.com",
        "see shop.example.xyz/a?b=c",
        "see example . com",
        "see example[dot]com",
        "see bit.ly/abc",
        "see example.me/page",
    ],
)
def test_a_link_is_seen_however_it_is_written(text: str) -> None:
    assert {":link", "<link>", "see <link>"} <= seen(text)


@pytest.mark.parametrize(
    "text", ["Beat It. Before that.", "so good.it helps", "1.5 km/h", "e.g. this", "wait...what", "me . too"]
)
def test_the_end_of_a_sentence_is_no_link(text: str) -> None:
    assert ":link" not in seen(text)


@pytest.mark.parametrize(
    ("text", "feature"),
    [
        ("http://youtu.be/x", ":link video"),
        ("https://music.youtube.com/x", ":link video"),
        ("http://bit.ly/x", ":link shortened"),
        ("http://notbit.ly/x", ":link elsewhere"),
        ("http://example.org/?ref=12", ":referral"),
        ("http://a.example/ http://b.example/", ":links"),
        ("write to me@example.org", ":mail"),
        ("follow @somebody", ":handle"),
        ("READ THIS NOW", ":capitals"),
        ("wow!!!", ":exclaims"),
        ("why?", ":asks"),
        ("it took 12 days", ":digits"),
        ("one\ntwo", ":lines"),
        ("check it out", ":cue look"),
        ("please visit my page", ":cue look"),
        ("my new song", ":cue own"),
        ("sucscribe to me", ":cue subscribe"),
        ("sub 4 sub", ":cue vote"),
        ("win money", ":cue money"),
    ],
)
def test_looks_and_cues_are_seen(text: str, feature: str) -> None:
    assert feature in seen(text)


@pytest.mark.parametrize(
    "text",
    [
        "my favourite song",
        "I can relate to my daughter's music",
        "I like this",
        "only came to check the views",
    ],
)
def test_a_cue_is_no_single_word(text: str) -> None:
    assert not any(name.startswith((":cue own", ":cue look")) for name in seen(text))


def test_what_cannot_be_seen_hides_no_word() -> None:
    assert seen("sub\u200bscr\u00adibe") == seen("subscribe")


def test_the_html_of_texts_from_elsewhere_is_undone() -> None:
    assert seen("you &amp; me<br />too") == seen("you & me\ntoo")


def test_a_word_is_never_taken_for_a_look() -> None:
    assert ":link" not in seen("link")
    assert ":cue begs" not in seen(":cue begs")


def test_scripts_without_spaces_are_read_by_character() -> None:
    assert {"無", "無 料"} <= seen("無料です")


def test_marks_belong_to_their_word() -> None:
    assert read("हिन्दी में").words == ["हिन्दी", "में"]


def test_of_a_long_text_the_beginning_and_the_end_are_read() -> None:
    text = "begin " + "x " * (HEAD_CHARS + TAIL_CHARS) + "end"

    reading = read(text)

    assert (reading.words[0], reading.words[-1]) == ("begin", "end")
    assert len(reading.words) <= HEAD_CHARS + TAIL_CHARS


@given(st.text(max_size=300))
def test_any_text_can_be_read_and_reads_the_same_again(text: str) -> None:
    reading = read(text)

    assert read(text) == reading
    assert len(reading.words) <= HEAD_CHARS + TAIL_CHARS
    for one in reading.seen:
        assert 0 <= one.begin <= one.end <= len(reading.words)
        assert one.value > 0


@given(st.text(alphabet=" .@-_a'’/:mychecki\n", max_size=400))
def test_no_mixture_of_what_is_looked_for_is_misread(text: str) -> None:
    reading = read(text)

    assert all(one.end <= len(reading.words) for one in reading.seen)
