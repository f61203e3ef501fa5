"""Who runs and answers no more is found; who is only busy, starting or stopped together with us is not."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from comments.supervision import liveness as liveness_module
from comments.supervision.liveness import BUSY_SECONDS, IDLE_SECONDS, Liveness, worked_seconds
from comments.supervision.probes import Question
from tests.conftest import WaitUntil

STEP_SECONDS = 0.25
# Answers every connection with what its first argument says, and never accepts with "nothing".
SERVER = """
import socket, sys, time
path, how = sys.argv[1:]
server = socket.socket(socket.AF_UNIX)
server.bind(path)
server.listen(128)
print("up", flush=True)
while how == "nothing":
    time.sleep(3600)
while how == "spins":
    pass
while True:
    connection, _ = server.accept()
    if how != "hangs up":
        connection.recv(64)
        connection.sendall(how.encode())
    connection.close()
"""
Start = Callable[[str], int]


class Watch:
    """Liveness over a clock that jumps from look to look."""

    def __init__(self, path: Path, pid: int, *, start_seconds: float = 0.0) -> None:
        self.now = 1_000.0
        question = Question(path, b"PING\r\n", (b"+PONG",))
        self._liveness = Liveness(question, pid, now=self.now, start_seconds=start_seconds)

    def seconds_until_given_up(self, *, at_most: float, step: float = STEP_SECONDS) -> float | None:
        began = self.now
        while self.now - began < at_most:
            self.now += step
            if self._liveness.look(self.now) is not None:
                return self.now - began
        return None

    def look_until_answered(self, wait_until: WaitUntil) -> None:
        def is_answered() -> bool:
            self.now += 0.001
            self._liveness.look(self.now)
            return self._liveness._start_seconds == 0.0

        self.now += 5
        wait_until(is_answered, message="an answer")

    def close(self) -> None:
        self._liveness.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "server.sock"


@pytest.fixture
def start(path: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def start(how: str) -> int:
        argv = [sys.executable, "-c", SERVER, str(path), how]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        return process.pid

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    "how", ["+PONG\r\n", "-LOADING Redis is loading the dataset in memory\r\n", "hangs up"]
)
def test_whatever_is_answered_shows_life(path: Path, start: Start, wait_until: WaitUntil, how: str) -> None:
    watch = Watch(path, start(how), start_seconds=60)

    watch.look_until_answered(wait_until)

    watch.close()


def test_a_stopped_process_is_given_up_soon(path: Path, start: Start) -> None:
    pid = start("+PONG\r\n")
    os.kill(pid, signal.SIGSTOP)

    seconds = Watch(path, pid).seconds_until_given_up(at_most=100)

    assert seconds is not None
    assert IDLE_SECONDS <= seconds <= IDLE_SECONDS + 4


def test_a_process_that_nobody_hears_of_is_given_up(path: Path) -> None:
    assert Watch(path, os.getpid()).seconds_until_given_up(at_most=100) is not None


def test_a_process_that_computes_gets_longer(
    path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked = iter(range(1_000_000))
    monkeypatch.setattr(liveness_module, "worked_seconds", lambda _: float(next(worked)))

    seconds = Watch(path, start("nothing")).seconds_until_given_up(at_most=100)

    assert seconds is not None
    assert BUSY_SECONDS <= seconds <= BUSY_SECONDS + 4


def test_a_process_that_starts_gets_as_long_as_it_may_take(path: Path, start: Start) -> None:
    watch = Watch(path, start("nothing"), start_seconds=120)

    assert watch.seconds_until_given_up(at_most=119) is None

    assert watch.seconds_until_given_up(at_most=10) is not None
    watch.close()


def test_time_in_which_the_supervisor_stood_still_does_not_count(path: Path, start: Start) -> None:
    watch = Watch(path, start("nothing"))

    assert watch.seconds_until_given_up(at_most=IDLE_SECONDS * 100, step=IDLE_SECONDS * 10) is None

    watch.close()


def test_what_children_work_counts(wait_until: WaitUntil) -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'while True: pass'])"
    with subprocess.Popen([sys.executable, "-c", code], start_new_session=True) as parent:
        wait_until(lambda: (worked_seconds(parent.pid) or 0.0) > 1.0, message="its child's work")
        os.killpg(parent.pid, signal.SIGKILL)


def test_nothing_waits_for_a_server_that_does_not_accept(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(0)
        watches = [Watch(path, os.getpid()) for _ in range(3)]

        assert [watch.seconds_until_given_up(at_most=10) for watch in watches] == [None] * 3

        for watch in watches:
            watch.close()
