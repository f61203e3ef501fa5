"""Examples from a CSV file with the columns CONTENT and CLASS (1 = spam, 0 = not); others are left alone."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from comments.screening.spam.training import Example

COLUMNS: Final = ("CONTENT", "CLASS")
LONGEST_LINE_BYTES: Final = 256 * 1024  # as much as a request may have; more is no comment
MOST_EXAMPLES: Final = 100_000  # two minutes of learning, and some hundred megabytes
_VERDICTS: Final = {"1": True, "0": False}


class UnreadableExamples(Exception):
    """The file is not there, or is none of these; the message names it, and the line where there is one."""


def read_examples(path: Path) -> list[Example]:
    """The file's examples in its order, all of one group: files are of different pages.

    Raises UnreadableExamples.
    """
    try:
        with path.open("rb") as file:
            return _Reader(file, str(path)).examples()
    except OSError as error:
        raise UnreadableExamples(f"{path}: {error.strerror or error}.") from error
    except ValueError as error:  # a NUL in its name
        raise UnreadableExamples(f"{str(path)!r}: {error}.") from error


class _Reader:
    """Reads one file once, and knows where in it."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.file, self.name = file, name
        self.line = 0
        self.rows = csv.reader(self._lines(), strict=True)

    def examples(self) -> list[Example]:
        try:
            header = next(self.rows, [])
            missing = [column for column in COLUMNS if column not in header]
            if missing:
                raise self._unreadable(
                    f"there is no column {' and no column '.join(missing)}" if header else "it is empty"
                )
            examples = [self._example(header, row) for row in self.rows if row]
        except csv.Error as error:
            raise self._unreadable(f"no CSV: {error}") from error
        if not examples:
            raise UnreadableExamples(f"{self.name} has no examples, only the names of its columns.")
        return examples

    def _example(self, header: list[str], row: list[str]) -> Example:
        if len(row) != len(header):
            raise self._unreadable(f"{len(row)} fields under {len(header)} columns")
        text, verdict = (row[header.index(column)] for column in COLUMNS)
        is_spam = _VERDICTS.get(verdict.strip())
        if is_spam is None:
            raise self._unreadable(f"CLASS is {verdict[:40]!r}, not 1 (spam) or 0 (not)")
        return Example(text, is_spam, group=self.name)

    def _lines(self) -> Iterator[str]:
        """In bytes, so that a line without an end is not read whole, and what is not UTF-8 has its line."""
        while line := self.file.readline(LONGEST_LINE_BYTES + 1):
            self.line += 1
            if len(line) > LONGEST_LINE_BYTES:
                raise self._unreadable(f"longer than {LONGEST_LINE_BYTES // 1024} KiB: no comment is")
            if self.line > MOST_EXAMPLES:
                raise self._unreadable(
                    f"more than {MOST_EXAMPLES:,} lines are too many to learn from at once"
                )
            try:
                yield line.decode("utf-8-sig" if self.line == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise self._unreadable("not in UTF-8") from error

    def _unreadable(self, why: str) -> UnreadableExamples:
        return UnreadableExamples(f"{self.name}, line {max(self.line, 1)}: {why}.")
