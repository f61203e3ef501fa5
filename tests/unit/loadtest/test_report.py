"""The results file."""

from datetime import UTC, datetime
from pathlib import Path

from loadtest.report import Report, cell, free_path


def test_every_part_is_on_disk_as_soon_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "results" / "2026-01-02.md"
    report = Report(path, title="a title", now=datetime(2026, 1, 2, tzinfo=UTC))

    report.heading("One thread")
    report.table([{"readers": 1_000, "p50 ms": 12.34}])

    text = path.read_text()
    assert text.startswith("# 2026-01-02: a title\n")
    assert "## One thread\n\n| readers | p50 ms |\n| --- | --- |\n| 1,000 | 12.3 |\n" in text


def test_numbers_have_as_many_digits_as_mean_something() -> None:
    assert [cell(value) for value in (1234567, 1234.5, 12.345, 1.2345, 0.0, "x")] == [
        "1,234,567",
        "1,234",
        "12.3",
        "1.23",
        "0.00",
        "x",
    ]


def test_a_day_s_second_results_do_not_replace_the_first(tmp_path: Path) -> None:
    for expected in ("2026-01-02.md", "2026-01-02-2.md", "2026-01-02-3.md"):
        path = free_path(tmp_path, "2026-01-02")
        assert path.name == expected
        path.touch()
