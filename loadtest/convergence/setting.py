"""Sets the scene: a stack of its own behind a network that can fail, and its readers."""

import contextlib
import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from json import dumps
from pathlib import Path
from typing import Final

from comments.cells import EVERY_OTHER_SITE
from comments.cells import VARIABLE as CELLS
from comments.env import BASE_DIR
from loadtest.convergence.faults import Ground, clear_small_disk, small_disk
from loadtest.convergence.programs import PYTHON_READERS, Network, ReaderProgram
from loadtest.stack import HOST, Stack, StackFailed, StackProcess, Thread, free_pair

THREADS: Final = 20
NODE_SHARE: Final = 0.05  # of the readers: the embed's own engine
CUT_OFF_SHARE: Final = 0.1  # of the readers: behind the network that can be lost
FRONT_SHARE: Final = 0.06  # of the readers: on Channels, through the front
PYTHON_PROGRAMS: Final = 2  # for those who are not cut off: a process uses one core
SITE: Final = "chaos"
NODE: Final = shutil.which("node") or "node"
NPM: Final = shutil.which("npm") or "npm"


@contextlib.contextmanager
def ground(state: Path, chance: random.Random) -> Iterator[Ground]:
    """A stack in an emptied directory. Readers behind the faulty network go to `Ground.lossy` instead of the
    push node, and formatters through it. Raises StackFailed, ProgramFailed."""
    clear_small_disk(state / "stack" / "redis")
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir(parents=True)
    port = free_pair()
    readers_port = free_pair(apart_from=port)
    node_port = readers_port + 1
    node = {"public": f"http://{HOST}:{port + 1}", "publish": f"http://{HOST}:{node_port}"}
    settings = {
        "KIBITZ_MAX_SOCKETS_PER_ADDRESS": "0",
        CELLS: dumps({"main": {"sites": [EVERY_OTHER_SITE], "nodes": [node]}}),
    }
    process = StackProcess(state, port, SITE, settings)
    network = Network(
        readers_port=readers_port,
        node_port=node_port,
        push_port=port + 1,
        push_config=state / "stack" / "nginx" / "push.conf",
    )
    with small_disk(state / "stack" / "redis"), network:
        try:
            process.start()
            process.stack.make_site()
            yield Ground(process, network, f"{HOST}:{readers_port}", chance)
        finally:
            process.stop()


def pages(stack: Stack) -> list[Thread]:
    """The pages that are read and written on."""
    return [stack.thread(f"page-{number}") for number in range(THREADS)]


@contextlib.contextmanager
def readers(ground: Ground, total: int) -> Iterator[list[ReaderProgram]]:
    """So many readers with their snapshots and sockets, in several programs. Raises StackFailed,
    ProgramFailed."""
    with contextlib.ExitStack() as context:
        scratch = Path(context.enter_context(tempfile.TemporaryDirectory(prefix="kibitz-chaos-")))
        programs = [
            context.enter_context(program)
            for program in _programs(
                ground.process.stack.base_url, ground.lossy, total, built_readers(scratch)
            )
        ]
        for program in programs:
            program.begin_opening()
        opened = sum(program.end_opening() for program in programs)
        if opened != sum(len(program.readers) for program in programs):
            raise StackFailed(f"only {opened} readers have a socket")
        for program in programs:
            program.ask_all()  # what opening cost is no round's
            program.told()
        yield programs


def _programs(base_url: str, lossy: str, total: int, node_program: Path) -> Iterator[ReaderProgram]:
    node, python = [NODE, str(node_program), base_url], [*PYTHON_READERS, base_url]
    numbers = count()

    def some(readers: float, via: str) -> list[dict[str, str]]:
        names = (f"page-{next(numbers) % THREADS}" for _ in range(max(1, round(readers))))
        return [{"site": SITE, "page_id": name, "url": f"{base_url}/{name}", "via": via} for name in names]

    in_node, cut_off, front = total * NODE_SHARE, total * CUT_OFF_SHARE, total * FRONT_SHARE
    at_push = some(in_node * (1 - CUT_OFF_SHARE - FRONT_SHARE), "push")
    yield ReaderProgram("node", node, at_push + some(in_node * FRONT_SHARE, "front"))
    yield ReaderProgram("node, cut off", node, some(in_node * CUT_OFF_SHARE, lossy), is_cut_off=True)
    yield ReaderProgram("python, cut off", python, some(cut_off, lossy), is_cut_off=True)
    yield ReaderProgram("python, channels", python, some(front, "front"))
    for number in range(PYTHON_PROGRAMS):
        each = (total - in_node - cut_off - front) / PYTHON_PROGRAMS
        yield ReaderProgram(f"python {number + 1}", python, some(each, "push"))


def built_readers(folder: Path) -> Path:
    """The embed's engine as a program for node. Raises StackFailed."""
    path = folder / "readers.js"
    done = subprocess.run(
        [NPM, "--prefix", "embed", "run", "--silent", "readers", "--", str(path)],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StackFailed(
            f"the embed's readers cannot be built: {done.stderr.strip() or done.stdout.strip()}"
        )
    return path
