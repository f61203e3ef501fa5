"""Readers of a real `./run stack`: with the embed's own engine in node, and with its twin in Python."""

import dataclasses
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

import pytest

from comments.supervision.processes import tie_to_parent
from loadtest.convergence.faults import children
from loadtest.convergence.programs import PYTHON_READERS
from loadtest.convergence.setting import NODE, built_readers
from tests.cast import Page
from tests.conftest import WaitUntil
from tests.running import ROOT, StackRun
from tests.stack.browsers import Browser

WORKER_SECONDS: Final = 15.0  # a silent connection finds out by itself in 22 to 67
RETURN_SECONDS: Final = 60.0  # a push instance that is back, and its readers after it


class Readers:
    """The running program; `arrivals` has of each event how many readers applied it."""

    def __init__(self, program: Sequence[str], base: str) -> None:
        self.arrivals: dict[int, int] = {}
        self._process = subprocess.Popen(
            [*program, base],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=tie_to_parent(signal.SIGTERM),
        )

    def ask(self, do: str, **told: object) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **told}) + "\n")
        self._process.stdin.flush()
        return cast("dict[str, Any]", json.loads(self._process.stdout.readline()))

    def collect(self, page: Page) -> dict[str, Any]:
        collected = self.ask("collect")
        for seq, times in collected["arrivals"].get(page.key, {}).items():
            self.arrivals[int(seq)] = self.arrivals.get(int(seq), 0) + len(times)
        return collected

    def end(self) -> int:
        """The exit status at the end of what it is told."""
        self._process.communicate(timeout=10)
        return self._process.returncode


@pytest.fixture(scope="module", params=["node", "python"])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Sequence[str]:
    if request.param == "python":
        return PYTHON_READERS
    return NODE, str(built_readers(tmp_path_factory.mktemp("readers")))


@pytest.fixture
def readers(program: Sequence[str], stack: StackRun) -> Iterator[Readers]:
    readers = Readers(program, stack.url)
    yield readers
    assert readers.end() == 0


def test_what_is_posted_arrives_by_every_way(
    stack: StackRun, page: Page, readers: Readers, wait_until: WaitUntil
) -> None:
    alice = Browser(stack.port, page)
    ways = ["push", "front", f"127.0.0.1:{stack.port + 1}"]
    reader = {"site": page.site, "page_id": page.page_id, "url": page.url}
    assert readers.ask("open", readers=[{**reader, "via": via} for via in ways]) == {
        "done": "open",
        "open": 3,
    }

    posted = alice.post("Hello **bob**.")

    opened = readers.collect(page)["requests"]["bootstrap"]
    wait_until(
        lambda: readers.collect(page) and readers.arrivals == {1: 3},
        message=lambda: f"the post at three readers: {readers.arrivals}",
    )
    assert opened[0] == 3
    assert 1 <= opened[1] <= 3, "the front keeps the answer for a second"
    held = {str(posted["id"]): [1, "published", posted["html"]]}
    for found in readers.ask("posts", **{"from": posted["id"]})["readers"]:
        assert (found["key"], found["seq"], found["posts"]) == (page.key, 1, held)


def test_readers_of_a_killed_push_instance_miss_nothing(
    stack: StackRun, page: Page, readers: Readers, wait_until: WaitUntil
) -> None:
    alice = Browser(stack.port, page)
    reader = {"site": page.site, "page_id": page.page_id, "url": page.url, "via": "push"}
    readers.ask("open", readers=[reader] * 5)
    totals = {"repeated": 0, "out_of_order": 0}

    os.kill(stack.pids()["push"], signal.SIGKILL)
    alice.post("While it is away.")

    def all_are_there(seq: int) -> bool:
        collected = readers.collect(page)
        for name in totals:
            totals[name] += collected[name]
        return [at for _, _, at in collected["at"]] == [seq] * 5 and collected["states"]["live"] == 5

    wait_until(
        lambda: all_are_there(1), seconds=RETURN_SECONDS, message=lambda: f"all back\n{stack.log[-4000:]}"
    )
    alice.post("When it is back.")
    wait_until(
        lambda: all_are_there(2), seconds=RETURN_SECONDS, message=lambda: f"the next\n{stack.log[-4000:]}"
    )
    assert readers.arrivals == {1: 5, 2: 5}
    assert totals == {"repeated": 0, "out_of_order": 0}


def test_readers_miss_nothing_when_one_of_the_push_instances_workers_is_killed(
    stack: StackRun, page: Page, readers: Readers, wait_until: WaitUntil
) -> None:
    pages = [dataclasses.replace(page, page_id=f"{page.page_id}-{number}") for number in range(8)]
    orders = [
        {"site": page.site, "page_id": page.page_id, "url": page.url, "via": "push"} for page in pages * 5
    ]
    assert readers.ask("open", readers=orders)["open"] == len(orders)

    os.kill(children(stack.pids()["push"])[0], signal.SIGKILL)

    # Whichever worker its channel belonged to, and whichever holds its socket.
    for each in pages:
        Browser(stack.port, each).post("Afterwards.")
    wait_until(
        lambda: [seq for _, _, seq in readers.ask("collect")["at"]] == [1] * len(orders),
        seconds=WORKER_SECONDS,
        message=lambda: f"the post at all readers, not {readers.ask('collect')['at']}\n{stack.log[-3000:]}",
    )
