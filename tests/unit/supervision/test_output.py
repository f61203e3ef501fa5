"""What the operator sees, and what happens when nobody looks."""

import functools
import os
from collections.abc import Iterator

import pytest

from comments.supervision.output import Output, banner


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)
    os.close(writing)


def test_every_line_stands_behind_its_process(pipe: tuple[int, int]) -> None:
    reading, writing = pipe

    Output(writing).log("web", "GET /")

    assert os.read(reading, 100) == b"web         | GET /\n"


def test_a_pipe_that_nobody_reads_costs_lines_and_never_time(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    output = Output(writing)

    for number in range(100_000):
        output.log("web", f"line {number}")
    os.read(reading, 1 << 20)
    output.log("web", "read again")

    assert b"lines were dropped" in os.read(reading, 1 << 20)


def test_a_reader_that_went_away_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)

    Output(writing).log("web", "unheard")

    os.close(writing)


def test_the_password_is_shown_once_and_later_only_how_to_change_it() -> None:
    told = functools.partial(
        banner, demo="http://h/demo/", admin="http://h/admin/", manage="./run manage --stack", seconds=1.0
    )

    first, later = told(password="s3cret"), told(password=None)

    assert "s3cret" in first
    assert "./run manage --stack changepassword admin" in later
