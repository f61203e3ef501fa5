"""Recorded comments from CSV files, the real ones where they are at hand."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from comments.demo.articles import ARTICLES
from comments.demo.recordings import Recorded, UnreadableRecording, read_recording, recordings_dir

HEADER = "COMMENT_ID,AUTHOR,DATE,CONTENT,CLASS\n"
REAL = sorted(recordings_dir().glob("*.csv"))


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A file like the real ones: out of order, with a byte order mark, HTML in its texts, and gaps."""
    path = tmp_path / "recording.csv"
    path.write_text(
        "\ufeff" + HEADER + "2,bob,2013-11-08T12:00:00.250000,second &amp; last\ufeff,0\n"
        '1,alice,2013-11-07T06:20:48,"one<br />two <b>bold</b> &lt;3 &#39;x&#39;",1\n'
        "3,mallory,,without a time,1\n"
        "4,mallory,yesterday,with a wrong time,1\n"
        "5,mallory,2013-11-09T00:00:00,<br>,1\n"
        "6,,2013-11-09T00:00:00,nobody,0\n",
        encoding="utf-8",
    )
    return path


def test_comments_come_in_order_of_time_as_plain_text(recording: Path) -> None:
    comments = read_recording(recording)

    assert comments == [
        Recorded("alice", "one\ntwo bold <3 'x'", datetime(2013, 11, 7, 6, 20, 48, tzinfo=UTC), True),
        Recorded("bob", "second & last", datetime(2013, 11, 8, 12, 0, 0, 250_000, tzinfo=UTC), False),
        Recorded("Guest", "nobody", datetime(2013, 11, 9, tzinfo=UTC), False),
    ]


@pytest.mark.parametrize("path", [*REAL, None], ids=lambda path: path.name if path else "like one")
def test_a_whole_file_is_read(path: Path | None, recording: Path) -> None:
    comments = read_recording(path or recording)

    assert [comment.at for comment in comments] == sorted(comment.at for comment in comments)
    for comment in comments:
        assert comment.body.strip() == comment.body
        assert comment.author
        assert len(comment.author) <= 64
        assert not any(leftover in comment.body for leftover in ("<br", "&amp;", "&#39;", "\ufeff", "\r"))


def test_the_demo_knows_the_files_by_their_names() -> None:
    names = {article.recording for article in ARTICLES}

    assert len(names) == len(ARTICLES)
    assert not REAL or names <= {path.name for path in REAL}


def test_a_file_without_labels_has_no_spam(tmp_path: Path) -> None:
    path = tmp_path / "recording.csv"
    path.write_text("AUTHOR,DATE,CONTENT\nalice,2013-11-07T06:20:48+02:00,Hello\n")

    (comment,) = read_recording(path)

    assert comment == Recorded("alice", "Hello", datetime(2013, 11, 7, 4, 20, 48, tzinfo=UTC), False)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no column AUTHOR, CONTENT, DATE"),
        (b"AUTHOR,DATE\nalice,2013-11-07\n", "no column CONTENT"),
        (HEADER.encode(), "no comment with a time"),
        (HEADER.encode() + b"1,alice,2013-11-07,caf\xe9,0\n", "not a CSV file in UTF-8"),
        (HEADER.encode() + b'1,alice,2013-11-07,"never ends', "not a CSV file in UTF-8"),
        (HEADER.encode() + b'1,alice,2013-11-07,"a"b,0\n', "not a CSV file in UTF-8"),
        (HEADER.encode() + b"1,alice\n", "no comment with a time"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "recording.csv"),
    ],
)
def test_a_file_that_is_no_recording_says_why(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "recording.csv"
    path.write_bytes(content)

    with pytest.raises(UnreadableRecording, match=reason):
        read_recording(path)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableRecording, match="No such file"):
        read_recording(tmp_path / "nothing.csv")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UnreadableRecording, match="Is a directory"):
        read_recording(tmp_path)
