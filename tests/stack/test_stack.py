"""`./run stack` for real: what it starts, that it is live through nginx, and that it survives kill -9."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from comments.supervision.processes import is_alive
from tests.cast import ORIGIN, Page
from tests.conftest import WaitUntil
from tests.running import ROOT, STOP_SECONDS, StackRun, unused_port_pair
from tests.stack.browsers import Browser, Listener, Unanswered
from tests.stack.proc import family, listeners, socket_inodes

SERVICES: Final = ("postgres", "redis", "api", "daphne-1", "formatter-1", "sweeper", "front", "push")
EMBED: Final = f"/embed/blog/?page_id=first&url={ORIGIN}/first/"
RESTART_SECONDS: Final = 2.0
# 15 without an answer, at 3 between questions, and the restart. But who was started a moment ago, by the test
# before this, and has not answered yet, is given its 60 to start.
HUNG_SECONDS: Final = 90.0
SERVING_SECONDS: Final = 60.0  # an API process imports Django for a second or two, here beside other tests


def test_every_process_has_its_pid_file(stack: StackRun) -> None:
    pids = stack.pids()

    assert set(pids) == set(SERVICES)
    assert all(is_alive(pid) for pid in pids.values())


@pytest.mark.parametrize("path", ["/demo/", "/admin/login/", "/embed.js", EMBED, "/readyz", "/api/docs/"])
def test_the_front_serves_every_part(stack: StackRun, path: str) -> None:
    assert stack.get(path) == 200


def test_it_listens_on_the_loopback_at_two_ports_alone(stack: StackRun) -> None:
    inodes = {link for pid in family(stack.process.pid) for link in socket_inodes(pid)}

    assert {where for where, inode in listeners() if inode in inodes} == {
        ("127.0.0.1", stack.port),
        ("127.0.0.1", stack.port + 1),
    }


def test_a_post_made_through_the_front_reaches_a_reader_of_the_push_instance(
    stack: StackRun, page: Page, wait_until: WaitUntil
) -> None:
    _require_live(stack, page, wait_until)


def test_a_reader_of_the_push_instance_sees_that_another_types_and_stops(
    stack: StackRun, page: Page, wait_until: WaitUntil
) -> None:
    alice, bob = Browser(stack.port, page), Browser(stack.port, page)
    frames: list[dict[str, Any]] = []
    listener = bob.listen(frames.append)

    alice.ask("POST", f"{page.path}typing/?site={page.site}&by=alices-page")

    wait_until(lambda: {"typing": 1} in frames, message=lambda: f"that she types: {frames}")
    wait_until(lambda: {"typing": 0} in frames, message=lambda: f"that she stopped: {frames}")
    listener.close()


@pytest.mark.parametrize("name", SERVICES)
def test_a_killed_process_is_back_and_posts_are_live_again(
    stack: StackRun, page: Page, wait_until: WaitUntil, name: str
) -> None:
    killed = stack.pids()[name]
    whole = family(killed)

    os.kill(killed, signal.SIGKILL)

    wait_until(
        lambda: stack.pids().get(name, killed) != killed,
        seconds=RESTART_SECONDS,
        message=f"{name} under a new process id",
    )
    assert not [pid for pid in whole if is_alive(pid)], "who is left of the killed one"
    _require_live(stack, page, wait_until)


@pytest.mark.parametrize("name", ["daphne-1", "push"])
def test_a_process_that_hangs_is_replaced_and_posts_are_live_again(
    stack: StackRun, page: Page, wait_until: WaitUntil, name: str
) -> None:
    hung = stack.pids()[name]

    for pid in family(hung):
        os.kill(pid, signal.SIGSTOP)

    wait_until(
        lambda: stack.pids().get(name, hung) != hung,
        seconds=HUNG_SECONDS,
        message=f"{name} under a new process id",
    )
    assert f"{name} has answered nothing for " in stack.log
    _require_live(stack, page, wait_until)


def test_reading_goes_on_while_the_api_restarts(stack: StackRun, page: Page, wait_until: WaitUntil) -> None:
    alice = Browser(stack.port, page)
    alice.post("Before.")
    wait_until(lambda: alice.snapshot()["seq"] == 1, message="a snapshot with it, in the front's cache")

    os.kill(stack.pids()["api"], signal.SIGKILL)

    answers: list[int] = []

    def is_back() -> bool:
        answers.append(alice.snapshot()["seq"])
        return stack.get("/readyz") == 200

    wait_until(is_back, seconds=SERVING_SECONDS, message="the API back")
    assert set(answers) == {1}


def test_manage_without_a_stack_says_that_there_is_none(tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "comments.supervision.manage", "--stack", "check"],
        cwd=ROOT,
        env={**os.environ, "KIBITZ_STATE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 1
    assert answer.stderr.startswith(f"kibitz: no ./run stack is up on {tmp_path / 'stack'}")


def test_a_second_stack_on_the_same_state_says_so(stack: StackRun) -> None:
    second = StackRun(stack.state_dir, stack.port + 2)

    assert second.process.wait(STOP_SECONDS) == 1
    assert "a ./run stack is already up on" in second.log


@pytest.mark.parametrize("taken", [0, 1], ids=["the front's", "the push instance's"])
def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path, taken: int) -> None:
    port = unused_port_pair()

    with socket.create_server(("127.0.0.1", port + taken)):
        run = StackRun(tmp_path / "state", port)

        assert run.process.wait(10) == 1
    assert (
        run.log
        == f"kibitz: port {port + taken} cannot be used (Address already in use); set PORT to another\n"
    )


def _require_live(stack: StackRun, page: Page, wait_until: WaitUntil) -> None:
    """A post, taken as soon as the stack takes posts again, shows at a socket that is open: as itself, or,
    where the push instance was not back for the formatter yet, by the head that makes a client ask for it."""
    alice, bob = Browser(stack.port, page), Browser(stack.port, page)
    frames: list[dict[str, Any]] = []
    opened: list[Listener] = []
    seqs: list[int] = []

    def is_posted() -> bool:
        try:
            opened.append(bob.listen(frames.append))
            seqs.append(alice.post("Hello bob")["seq"])
        except (Unanswered, OSError):
            return False
        return True

    def is_heard() -> bool:
        return any(seqs[-1] <= max(frame.get("last", 0), frame.get("head", 0)) for frame in frames)

    def log() -> str:
        return f"{frames} after\n{stack.log[-4000:]}"

    wait_until(is_posted, seconds=SERVING_SECONDS, message=log)
    wait_until(is_heard, seconds=SERVING_SECONDS, message=log)
    for listener in opened:
        listener.close()
