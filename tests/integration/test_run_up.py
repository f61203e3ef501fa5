"""`python -m comments.supervision` for real: what `./run` starts, restarts and leaves behind."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from comments.supervision.processes import is_alive
from tests.conftest import WaitUntil
from tests.running import ROOT, START_SECONDS, STOP_SECONDS, Run, started
from tests.servers import unused_port

pytestmark = pytest.mark.one_database  # it brings its own: SQLite and the embedded Valkey

SERVICES = {"valkey", "web", "formatter-1", "sweeper"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One first start for all the tests that leave it running."""
    with started(tmp_path_factory.mktemp("first") / "state") as run:
        yield run


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory as a first start leaves it."""
    state_dir = tmp_path_factory.mktemp("prepared") / "state"
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    subprocess.run(
        [sys.executable, "-m", "comments.supervision.manage", "prepare"],
        cwd=ROOT,
        env={**environment, "KIBITZ_STATE_DIR": str(state_dir)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return state_dir


@pytest.fixture
def later_run(prepared: Path, tmp_path: Path) -> Iterator[Run]:
    """A later start, for the test that asks for it alone."""
    state_dir = shutil.copytree(prepared, tmp_path / "state")
    with started(state_dir) as run:
        yield run


def test_the_first_start_serves_the_demo_and_tells_the_password(run: Run) -> None:
    assert run.get("/demo/") == 200
    assert f"http://127.0.0.1:{run.port}/demo/" in run.log
    assert "User        admin" in run.log
    assert "as printed at the first start" not in run.log


def test_a_later_start_keeps_the_password(later_run: Run) -> None:
    assert "as printed at the first start" in later_run.log


def test_every_process_has_its_pid_file(later_run: Run) -> None:
    pids = later_run.pids()

    assert set(pids) == SERVICES
    assert all(is_alive(pid) for pid in pids.values())


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_killed_process_comes_back(run: Run, wait_until: WaitUntil, name: str) -> None:
    killed = run.pids()[name]

    os.kill(killed, signal.SIGKILL)

    wait_until(lambda: run.pids().get(name, killed) != killed, message=f"{name} under a new process id")
    wait_until(lambda: run.get("/readyz") == 200, seconds=30, message=lambda: f"readiness after\n{run.log}")
    assert f"{name} was killed by SIGKILL; it starts again in 0.2 s" in run.log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_ends_everything_within_five_seconds(later_run: Run, number: signal.Signals) -> None:
    pids = later_run.pids()

    status = later_run.ended(number)

    assert status == 0
    assert [name for name, pid in pids.items() if is_alive(pid)] == []
    assert later_run.pids() == {}
    assert not (later_run.state_dir / "run" / "env.json").exists()
    assert "Traceback" not in later_run.log


def test_a_killed_supervisor_leaves_no_process_and_starts_again(
    later_run: Run, wait_until: WaitUntil
) -> None:
    pids = later_run.pids()

    later_run.ended(signal.SIGKILL)

    wait_until(
        lambda: not any(is_alive(pid) for pid in pids.values()),
        seconds=STOP_SECONDS,
        message="every child gone with its supervisor",
    )
    with started(later_run.state_dir) as again:
        assert again.get("/readyz") == 200


def test_behind_a_proxy_the_bootstrap_names_addresses_as_browsers_see_them(
    prepared: Path, tmp_path: Path
) -> None:
    state_dir = shutil.copytree(prepared, tmp_path / "state")
    told = {"Host": "comments.example.org", "X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}

    with started(state_dir, KIBITZ_BEHIND_PROXY="1") as run:
        connection = http.client.HTTPConnection("127.0.0.1", run.port, timeout=STOP_SECONDS)
        connection.request("GET", "/api/v1/sites/demo/thread/?page_id=first", headers=told)
        live = json.load(connection.getresponse())["live"]
        connection.close()

    assert live["ws"].startswith("wss://comments.example.org/live/")
    assert live["sse"].startswith("https://comments.example.org/live/")


def test_a_second_run_on_the_same_state_says_so(run: Run) -> None:
    second = Run(run.state_dir, unused_port())

    assert second.process.wait(STOP_SECONDS) == 1
    assert "a ./run is already up on" in second.log
    assert f"pid {run.process.pid}, http://127.0.0.1:{run.port}" in second.log


def test_manage_acts_on_the_run_that_is_up(run: Run) -> None:
    code = "from comments import env; print(env.redis_url())"

    printed = run.manage("shell", "--verbosity", "0", "-c", code)

    shared = json.loads((run.state_dir / "run" / "env.json").read_text())
    assert printed.strip() == shared["REDIS_URL"]


def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = Run(tmp_path / "state", port)

        assert run.process.wait(10) == 1
    assert run.log == f"kibitz: port {port} cannot be used (Address already in use); set PORT to another\n"


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "8000x", "٨٠٠٠"])
def test_an_impossible_port_is_told(tmp_path: Path, port: str) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "comments.supervision"],
        cwd=ROOT,
        env={**os.environ, "PORT": port, "KIBITZ_STATE_DIR": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 1
    assert answer.stderr == f"kibitz: PORT must be a number from 1 to 65535, not {port!r}\n"
    assert not (tmp_path / "state").exists()


def test_a_database_that_cannot_be_migrated_stops_the_start_with_one_line(tmp_path: Path) -> None:
    state_dir = tmp_path / "state"
    state_dir.mkdir()
    (state_dir / "kibitz.sqlite3").write_text(
        "this is no database, and longer than a header of one hundred bytes " * 9
    )

    run = Run(state_dir, unused_port())

    assert run.process.wait(START_SECONDS) == 1
    assert run.log.splitlines()[-1].startswith("kibitz: prepare ended with status 1 ")
    assert run.pids() == {}
