"""The lock, the shared environment and the socket's path of a state directory."""

import os
import stat
import tempfile
from pathlib import Path

import pytest

from comments.supervision.state import AlreadyRunning, RunDir


def test_a_second_supervisor_is_told_who_came_first(tmp_path: Path) -> None:
    first, second = RunDir(tmp_path), RunDir(tmp_path)

    with first.held("pid 1, port 8000"), pytest.raises(AlreadyRunning, match="pid 1, port 8000"):
        second.held("pid 2").__enter__()


def test_the_directory_is_free_again_afterwards(tmp_path: Path) -> None:
    with RunDir(tmp_path).held("first"):
        assert RunDir(tmp_path).is_held()

    assert not RunDir(tmp_path).is_held()
    with RunDir(tmp_path).held("second"):
        pass


def test_manage_gets_the_environment_of_the_run_that_is_up_and_of_no_other(tmp_path: Path) -> None:
    run_dir = RunDir(tmp_path)

    with run_dir.held("me"):
        run_dir.write_environment({"REDIS_URL": "unix:///s", "KIBITZ_FORMATTERS": "2", "HOME": "/home/alice"})
        during = RunDir(tmp_path).environment()

    assert during == {"REDIS_URL": "unix:///s", "KIBITZ_FORMATTERS": "2"}
    assert RunDir(tmp_path).environment() == {}


def test_what_a_killed_run_left_is_not_believed(tmp_path: Path) -> None:
    run_dir = RunDir(tmp_path)
    run_dir.path.mkdir()
    run_dir.write_environment({"REDIS_URL": "unix:///gone"})

    assert run_dir.environment() == {}


def test_the_environment_holds_secrets_so_only_its_owner_reads_it(tmp_path: Path) -> None:
    run_dir = RunDir(tmp_path)

    with run_dir.held("me"):
        run_dir.write_environment({"KIBITZ_SECRET_KEY": "s3cret"})

        assert stat.S_IMODE((run_dir.path / "env.json").stat().st_mode) == 0o600


def test_stale_pid_files_are_taken_away(tmp_path: Path) -> None:
    run_dir = RunDir(tmp_path)
    run_dir.path.mkdir()
    (run_dir.path / "web.pid").write_text("")
    (run_dir.path / "valkey.pid").write_text("no number\n")

    with run_dir.held("me"):
        assert list(run_dir.path.glob("*.pid")) == []


def test_sockets_lie_in_the_state_directory_where_their_paths_fit() -> None:
    with tempfile.TemporaryDirectory(prefix="kibitz-") as state:
        run_dir = RunDir(Path(state))

        with run_dir.held("me"), run_dir.socket_directory("valkey.sock") as directory:
            assert directory == Path(state).resolve() / "run"


def test_sockets_of_a_deep_directory_move_to_a_private_one_and_go_with_it(tmp_path: Path) -> None:
    run_dir = RunDir(tmp_path / ("deep" * 30))

    with run_dir.held("me"), run_dir.socket_directory("valkey.sock") as directory:
        assert len(os.fsencode(directory / "valkey.sock")) <= 100
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700

    assert not directory.exists()


def test_other_accounts_get_sockets_where_they_can_reach_them() -> None:
    with tempfile.TemporaryDirectory(prefix="kibitz-") as closed:
        run_dir = RunDir(Path(closed))
        assert stat.S_IMODE(Path(closed).stat().st_mode) == 0o700

        with run_dir.held("me"), run_dir.socket_directory("s", for_others=True) as directory:
            assert not directory.is_relative_to(closed)
            assert stat.S_IMODE(directory.stat().st_mode) == 0o711


def test_sockets_that_a_killed_supervisor_left_elsewhere_are_taken_away(tmp_path: Path) -> None:
    run_dir = RunDir(tmp_path / ("deep" * 30))
    with run_dir.held("first"):
        left = Path(tempfile.mkdtemp(prefix="kibitz-"))
        (left / "redis.sock").touch()
        (run_dir.path / "elsewhere").symlink_to(left)

    with run_dir.held("second"), run_dir.socket_directory("redis.sock") as directory:
        assert directory != left
        assert not left.exists()
