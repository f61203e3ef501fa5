"""What the stack says of programs that are not installed, before anything starts."""

import os
from pathlib import Path

import pytest

from comments.supervision import postgres
from comments.supervision.__main__ import main
from comments.supervision.stack import Stack


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No PostgreSQL, and no Nchan."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("comments.supervision.postgres.PROGRAMS", tmp_path)
    monkeypatch.setattr("comments.supervision.nginx.MODULE_FOLDERS", [str(tmp_path)])


@pytest.mark.usefixtures("bare_machine")
def test_one_line_names_every_missing_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KIBITZ_STATE_DIR", str(tmp_path / "state"))

    status = main(["stack"])

    said = capsys.readouterr().err
    assert status == 1
    assert said.count("\n") == 1
    assert "apt-get install postgresql" in said
    assert "apt-get install libnginx-mod-nchan" in said
    assert not (tmp_path / "state").exists()


def test_nothing_is_missing_where_all_is_installed() -> None:
    assert Stack.missing_programs() == []


def test_a_lock_file_that_names_some_other_program_is_removed_before_a_start(tmp_path: Path) -> None:
    sockets = tmp_path / "sockets"
    data = tmp_path / "data"
    for directory in (data, sockets):
        directory.mkdir()
    (data / "PG_VERSION").write_text(f"{postgres.programs().parent.name}\n")
    locks = [data / "postmaster.pid", sockets / ".s.PGSQL.5432.lock"]
    for lock in locks:
        lock.write_text(f"{os.getpid()}\n/somewhere\n")  # after a restart of the machine, say

    with postgres.Cluster(tmp_path, sockets).service() as service:
        assert service.clear_away is not None
        service.clear_away()

    assert not any(lock.exists() for lock in locks)


def test_a_cluster_gets_the_version_that_made_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comments.supervision.postgres.PROGRAMS", tmp_path)
    for version in ("9.6", "15", "17"):
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin" / "initdb").touch()

    assert postgres.programs() == tmp_path / "17" / "bin"
    assert postgres.programs("15") == tmp_path / "15" / "bin"
    with pytest.raises(FileNotFoundError, match="apt-get install postgresql-16"):
        postgres.programs("16")
