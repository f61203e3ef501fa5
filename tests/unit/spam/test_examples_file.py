"""Examples from files, good ones and those that are none."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments.screening.spam import examples_file
from comments.screening.spam.examples_file import UnreadableExamples, read_examples
from comments.screening.spam.training import Example

HEADER = b"CONTENT,CLASS\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "examples.csv"


def test_examples_are_read_in_order_whatever_else_is_in_the_file(path: Path) -> None:
    path.write_bytes(
        b"\xef\xbb\xbfID,AUTHOR,CLASS,CONTENT\r\n"
        b'1,alice,1,"two\nlines, ""quoted"""\r\n'
        b"\r\n"
        b"2,bob, 0 ,caf\xc3\xa9\r\n"
        b"3,,0,\r\n"
    )

    assert read_examples(path) == [
        Example('two\nlines, "quoted"', True, str(path)),
        Example("café", False, str(path)),
        Example("", False, str(path)),
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "line 1: it is empty"),
        (b"CONTENT,AUTHOR\nx,y\n", "line 1: there is no column CLASS"),
        (b"TEXT,SPAM\nx,1\n", "line 1: there is no column CONTENT and no column CLASS"),
        (HEADER, "has no examples"),
        (HEADER + b"x,1\ny,2\n", "line 3: CLASS is '2', not 1"),
        (HEADER + b"x,\n", "line 2: CLASS is ''"),
        (HEADER + b"x,spam\n", "line 2: CLASS is 'spam'"),
        (HEADER + b"x\n", "line 2: 1 fields under 2 columns"),
        (HEADER + b"x,y,1\n", "line 2: 3 fields under 2 columns"),
        (HEADER + b"x,1\ncaf\xe9,0\n", "line 3: not in UTF-8"),
        (HEADER.decode().encode("utf-16"), "line 1: not in UTF-8"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "line 1: not in UTF-8"),
        (b"\x00" * 1_000, "line 1: there is no column"),
        (HEADER + b'x,1\n"never ends,1\n', "line 3: no CSV"),
        (HEADER + b'"a"b,1\n', "line 2: no CSV"),
        (HEADER + b'"' + b"line\n" * 50_000 + b'",1\n', "no CSV: field larger than"),
        (HEADER + b"x" * 100_000_000 + b",1\n", "line 2: longer than 256 KiB"),
    ],
    ids=range(17),
)
def test_a_file_of_something_else_says_in_one_line_what_and_where(
    content: bytes, reason: str, path: Path
) -> None:
    path.write_bytes(content)

    with pytest.raises(UnreadableExamples) as caught:
        read_examples(path)

    told = str(caught.value)
    assert told.startswith(str(path))
    assert reason in told
    assert "\n" not in told


def test_too_many_examples_are_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples_file, "MOST_EXAMPLES", 3)
    path.write_bytes(HEADER + b"x,1\n" * 3)

    with pytest.raises(UnreadableExamples, match="line 4: more than 3 lines are too many"):
        read_examples(path)


@pytest.mark.parametrize(
    ("name", "reason"), [("nothing.csv", "No such file"), (".", "Is a directory"), ("a\x00b", "null")]
)
def test_what_is_no_file_says_so(name: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableExamples, match=reason):
        read_examples(tmp_path / name)


def test_a_file_without_an_end_is_not_read_whole() -> None:
    with pytest.raises(UnreadableExamples, match="/dev/zero, line 1: longer than"):
        read_examples(Path("/dev/zero"))


@given(st.binary(max_size=200))
def test_any_bytes_are_examples_or_said_to_be_none(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(HEADER + content)

    try:
        told = "" if read_examples(path) else "nothing"
    except UnreadableExamples as error:
        told = str(error)

    assert not told or str(path) in told
