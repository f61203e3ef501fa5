"""The supervisor over tiny stand-in processes: order of start and stop, restarts, clear failures."""

import dataclasses
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from comments.supervision import liveness
from comments.supervision.probes import Question
from comments.supervision.processes import Service, is_alive
from comments.supervision.supervisor import StartFailed, StopRequested, Supervisor
from tests.conftest import WaitUntil

HEEDLESS = """
import signal
print("up")
while True:
    signal.pause()
"""
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)" + HEEDLESS
POLITE = (
    """
import signal, sys
def leave(*_):
    print("bye")
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
"""
    + HEEDLESS
)
# A master with a worker in its process group, and one that left the group.
MASTER = """
import subprocess, sys
code = "import signal\\nwhile True: signal.pause()"
worker = subprocess.Popen([sys.executable, "-c", code])
runaway = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
print(worker.pid, runaway.pid)
""" + HEEDLESS.replace('print("up")', "")

# A master with two workers that replaces the first when it has died.
REPLACING = """
import subprocess, sys, time
code = "import signal\\nwhile True: signal.pause()"
first, second = (subprocess.Popen([sys.executable, "-c", code]) for _ in range(2))
print(first.pid, second.pid)
first.wait()
third = subprocess.Popen([sys.executable, "-c", code])
time.sleep(2)  # meanwhile the supervisor has looked, if it does
print("replaced by", third.pid)
third.wait()
"""

ANSWERING = """
import socket
server = socket.socket(socket.AF_UNIX)
server.bind({path!r})
server.listen()
print("up")
while True:
    connection, _ = server.accept()
    connection.sendall(b"!")
    connection.close()
"""


class Log:
    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def __call__(self, name: str, line: str) -> None:
        self.lines.append((name, line))

    def said(self, name: str) -> list[str]:
        return [line for who, line in self.lines if who == name]


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def supervisor(tmp_path: Path, log: Log) -> Iterator[Supervisor]:
    with Supervisor(log=log, run_dir=tmp_path) as supervisor:
        yield supervisor
        supervisor.stop()


def python(name: str, code: str, *, log: Log | None = None, once: bool = False) -> Service:
    """A stand-in that runs `code`; with `log` it counts as up when its first line has come."""
    return Service(
        name=name,
        argv=[sys.executable, "-u", "-c", code],
        ready=None if log is None else lambda: bool(log.said(name)),
        once=once,
    )


def pid_of(tmp_path: Path, name: str) -> int:
    try:
        return int((tmp_path / f"{name}.pid").read_text())
    except (FileNotFoundError, ValueError):
        return 0


def watch_until(supervisor: Supervisor, condition: Callable[[], bool], wait_until: WaitUntil) -> None:
    """Runs `watch` here, in the main thread, until another thread sees the condition and sends SIGTERM."""
    failures: list[BaseException] = []

    def look() -> None:
        try:
            wait_until(condition, message="what the test waits for while the supervisor watches")
        except BaseException as failure:  # noqa: BLE001  # pytest.fail raises one; the main thread tells
            failures.append(failure)
        os.kill(os.getpid(), signal.SIGTERM)

    observer = threading.Thread(target=look)
    observer.start()
    supervisor.watch()
    observer.join()
    if failures:
        raise failures[0]


def test_a_stage_begins_when_the_one_before_is_up(supervisor: Supervisor, log: Log) -> None:
    supervisor.start([python("first", "print('made')", once=True)])
    supervisor.start([python("second", POLITE, log=log)])

    assert log.lines == [("first", "made"), ("second", "up")]


def test_the_result_of_a_one_off_is_kept_and_not_logged(supervisor: Supervisor, log: Log) -> None:
    supervisor.start([python("prepare", """print('working'); print('{"password": "s3cret"}')""", once=True)])

    assert supervisor.result("prepare") == '{"password": "s3cret"}'
    assert log.lines == [("prepare", "working")]


def test_stopping_ends_the_last_stage_first(supervisor: Supervisor, log: Log) -> None:
    for name in ("valkey", "web", "sweeper"):
        supervisor.start([python(name, POLITE, log=log)])

    supervisor.stop()

    assert [who for who, line in log.lines if line == "bye"] == ["sweeper", "web", "valkey"]


def test_who_ignores_sigterm_is_killed_within_five_seconds(
    supervisor: Supervisor, log: Log, tmp_path: Path
) -> None:
    supervisor.start([python("stubborn", STUBBORN, log=log)])
    pid = pid_of(tmp_path, "stubborn")

    began = time.monotonic()
    supervisor.stop()

    assert time.monotonic() - began < 5
    assert not is_alive(pid)
    assert log.said("kibitz") == ["stubborn did not stop in time and is killed"]


def test_a_killed_process_is_restarted_with_one_line_about_it(
    supervisor: Supervisor, log: Log, tmp_path: Path, wait_until: WaitUntil
) -> None:
    supervisor.start([python("web", HEEDLESS, log=log)])
    killed = pid_of(tmp_path, "web")
    os.kill(killed, signal.SIGKILL)

    watch_until(supervisor, lambda: log.said("web") == ["up", "up"], wait_until)

    assert pid_of(tmp_path, "web") not in {0, killed}
    assert log.said("kibitz") == ["web was killed by SIGKILL; it starts again in 0.2 s"]


def test_what_a_killed_process_leaves_behind_is_ended_before_its_restart(
    supervisor: Supervisor, log: Log, tmp_path: Path, wait_until: WaitUntil
) -> None:
    supervisor.start([python("nginx", MASTER, log=log)])
    worker, runaway = (int(pid) for pid in log.said("nginx")[0].split())
    os.kill(pid_of(tmp_path, "nginx"), signal.SIGKILL)

    watch_until(supervisor, lambda: len(log.said("nginx")) == 2, wait_until)

    assert not is_alive(worker)
    assert not is_alive(runaway)


def test_children_that_were_there_before_the_supervisor_are_let_be(tmp_path: Path, log: Log) -> None:
    with subprocess.Popen([sys.executable, "-c", HEEDLESS], stdout=subprocess.DEVNULL) as stranger:
        with Supervisor(log=log, run_dir=tmp_path) as supervisor:
            supervisor.start([python("prepare", "print('made')", once=True)])
            supervisor.stop()

        assert stranger.poll() is None
        stranger.kill()


def test_a_service_is_stopped_by_its_own_signal(supervisor: Supervisor, log: Log) -> None:
    by_interrupt = POLITE.replace("SIGTERM", "SIGINT")
    unblocked = "import signal; signal.pthread_sigmask(signal.SIG_SETMASK, [])" + by_interrupt
    service = dataclasses.replace(python("postgres", unblocked, log=log), stop_signal=signal.SIGINT)
    supervisor.start([service])

    supervisor.stop()

    assert log.said("postgres") == ["up", "bye"]


def test_what_a_killed_process_left_is_cleared_away_before_each_start(
    supervisor: Supervisor, log: Log, tmp_path: Path, wait_until: WaitUntil
) -> None:
    socket = tmp_path / "push.sock"
    binding = f"open({str(socket)!r}, 'x')" + HEEDLESS  # fails where the file is there, as bind does
    service = dataclasses.replace(
        python("push", binding, log=log), clear_away=lambda: socket.unlink(missing_ok=True)
    )
    supervisor.start([service])
    os.kill(pid_of(tmp_path, "push"), signal.SIGKILL)

    watch_until(supervisor, lambda: len(log.said("push")) == 2, wait_until)

    assert log.said("push") == ["up", "up"]


def test_ctrl_c_does_not_reach_a_service_with_a_group_of_its_own(supervisor: Supervisor, log: Log) -> None:
    service = dataclasses.replace(
        python("nginx", "import os; print(os.getpgrp())" + HEEDLESS, log=log), own_group=True
    )

    supervisor.start([service])

    assert int(log.said("nginx")[0]) != os.getpgrp()


def test_an_account_that_does_not_exist_fails_the_start(supervisor: Supervisor, log: Log) -> None:
    service = dataclasses.replace(python("postgres", HEEDLESS, log=log), user="no-such-account")

    with pytest.raises(
        StartFailed, match="postgres cannot be started: there is no account 'no-such-account'"
    ):
        supervisor.start([service])


def test_the_others_run_on_while_one_is_restarted(
    supervisor: Supervisor, log: Log, tmp_path: Path, wait_until: WaitUntil
) -> None:
    supervisor.start([python("web", HEEDLESS, log=log), python("sweeper", HEEDLESS, log=log)])
    sweeper = pid_of(tmp_path, "sweeper")
    os.kill(pid_of(tmp_path, "web"), signal.SIGKILL)

    watch_until(supervisor, lambda: log.said("web") == ["up", "up"], wait_until)

    assert pid_of(tmp_path, "sweeper") == sweeper


def test_a_process_that_cannot_start_fails_the_start_with_its_name(supervisor: Supervisor, log: Log) -> None:
    with pytest.raises(StartFailed, match=r"^prepare ended with status 3 "):
        supervisor.start([python("prepare", "print('no such table'); raise SystemExit(3)", once=True)])

    assert log.lines == [("prepare", "no such table")]


def test_an_earlier_process_that_dies_meanwhile_fails_the_start_too(
    supervisor: Supervisor, log: Log, tmp_path: Path
) -> None:
    supervisor.start([python("valkey", HEEDLESS, log=log)])
    os.kill(pid_of(tmp_path, "valkey"), signal.SIGKILL)

    with pytest.raises(StartFailed, match="valkey was killed by SIGKILL"):
        supervisor.start([python("prepare", HEEDLESS, once=True)])


def test_a_program_that_is_missing_fails_the_start(supervisor: Supervisor) -> None:
    with pytest.raises(StartFailed, match="valkey cannot be started: "):
        supervisor.start([Service(name="valkey", argv=["/no/such/program"])])


def test_a_service_that_never_comes_up_fails_the_start(supervisor: Supervisor) -> None:
    never = Service(name="web", argv=[sys.executable, "-c", HEEDLESS], ready=lambda: False, ready_seconds=0.1)

    with pytest.raises(StartFailed, match="web was not up after"):
        supervisor.start([never])


def test_a_stop_signal_during_the_start_ends_it(supervisor: Supervisor) -> None:
    killer = f"import os, signal; os.kill({os.getpid()}, signal.SIGTERM); signal.pause()"

    with pytest.raises(StopRequested):
        supervisor.start([python("prepare", killer, once=True)])


def test_pid_files_go_with_their_processes(supervisor: Supervisor, log: Log, tmp_path: Path) -> None:
    supervisor.start([python("web", POLITE, log=log)])
    assert is_alive(pid_of(tmp_path, "web"))

    supervisor.stop()

    assert list(tmp_path.iterdir()) == []


def test_output_without_an_end_of_line_is_not_lost(supervisor: Supervisor, log: Log) -> None:
    supervisor.start([python("prepare", "import sys; sys.stdout.write('no newline')", once=True)])

    assert log.lines == [("prepare", "no newline")]


def test_broken_utf8_in_the_output_does_no_harm(supervisor: Supervisor, log: Log) -> None:
    supervisor.start([python("prepare", r"import sys; sys.stdout.buffer.write(b'\xff\xfe\n')", once=True)])

    assert log.lines == [("prepare", "��")]


def test_noise_is_left_out_and_the_rest_is_not(supervisor: Supervisor, log: Log) -> None:
    chatty = python("valkey", "print('WARNING as ever'); print('something new')", once=True)

    supervisor.start([dataclasses.replace(chatty, noise="as ever")])

    assert log.lines == [("valkey", "something new")]


def test_a_service_that_closes_its_output_runs_on(supervisor: Supervisor, log: Log, tmp_path: Path) -> None:
    mute = "import os, signal; print('up'); os.close(1); os.close(2)\nwhile True: signal.pause()"

    supervisor.start([python("mute", mute, log=log)])

    assert is_alive(pid_of(tmp_path, "mute"))


@pytest.mark.parametrize("falls", [True, False])
def test_only_who_falls_with_a_worker_is_restarted_whole(
    supervisor: Supervisor, log: Log, tmp_path: Path, wait_until: WaitUntil, falls: bool
) -> None:
    master = dataclasses.replace(python("push", REPLACING, log=log), falls_with_a_worker=falls)
    supervisor.start([master])
    first = pid_of(tmp_path, "push")
    worker, other = (int(pid) for pid in log.said("push")[0].split())
    os.kill(worker, signal.SIGKILL)

    watch_until(supervisor, lambda: len(log.said("push")) == 2, wait_until)

    if falls:
        assert log.said("kibitz")[0] == "push has lost a worker and is killed"
        assert not is_alive(first)
        assert not is_alive(other)
        assert len(log.said("push")[1].split()) == 2
    else:
        assert log.said("kibitz") == []
        assert pid_of(tmp_path, "push") == first
        assert log.said("push")[1].startswith("replaced")


def test_a_process_that_answers_no_more_is_killed_and_restarted(
    supervisor: Supervisor, log: Log, tmp_path: Path, wait_until: WaitUntil, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveness, "IDLE_SECONDS", 0.5)
    monkeypatch.setattr(liveness, "ASK_EVERY_SECONDS", 0.1)
    socket_path = tmp_path / "web.sock"
    web = python("web", ANSWERING.format(path=str(socket_path)), log=log)
    question = Question(socket_path, b"?", (b"!",))
    clear = dataclasses.replace(
        web, question=question, clear_away=lambda: socket_path.unlink(missing_ok=True)
    )
    supervisor.start([clear, python("sweeper", HEEDLESS, log=log)])
    hung, sweeper = pid_of(tmp_path, "web"), pid_of(tmp_path, "sweeper")
    os.kill(hung, signal.SIGSTOP)

    watch_until(supervisor, lambda: log.said("web") == ["up", "up"], wait_until)

    assert not is_alive(hung)
    assert pid_of(tmp_path, "sweeper") == sweeper
    killed, restarted = log.said("kibitz")
    assert re.fullmatch(r"web has answered nothing for \d s and is killed", killed)
    assert restarted.startswith("web was killed by SIGKILL; it starts again in ")
