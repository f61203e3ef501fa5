"""nginx for real, on the configurations that a deployment gets, each instance in a directory of its own."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from comments.cells import signed_path
from comments.supervision import nginx
from tests.nginx.talk import COUNTING, ask
from tests.servers import Server, unused_port, wait_until

SECRET = "0123456789abcdef"
KEY = "abcdefghijklmnopqrstuvwxyz"
ORIGIN = "https://comments.example.org"


@dataclass(frozen=True, slots=True)
class Instance:
    """A running nginx."""

    server: Server
    port: int
    runtime: Path

    @property
    def log(self) -> str:
        return (self.runtime / "log").read_text(errors="replace")

    def worker_pids(self) -> set[int]:
        children = Path(f"/proc/{self.server.pid}/task/{self.server.pid}/children").read_text()
        return {int(pid) for pid in children.split()}


@dataclass(frozen=True, slots=True)
class Push(Instance):
    """A push instance, and how formatters reach it."""

    publish_socket: str

    def publish(self, text: str | bytes, *, key: str = KEY, deflated: bool = False) -> int:
        """Publishes like a formatter, and returns to how many readers."""
        answer = ask(
            self.publish_socket,
            "POST",
            f"/{'pubz' if deflated else 'pub'}/{key}",
            {"Accept": "text/json"},
            text if isinstance(text, bytes) else text.encode(),
        )
        assert answer.status in {201, 202}, answer
        return int(answer.json()["subscribers"])

    def readers(self, key: str = KEY) -> int:
        """How many readers a thread has, by telling them something."""
        return self.publish(COUNTING, key=key)

    def status(self) -> str:
        """Nchan's counters, a line each."""
        return ask(self.publish_socket, "GET", "/status").body.decode()

    def counter(self, name: str) -> int:
        lines = dict(line.split(": ", 1) for line in self.status().splitlines() if ": " in line)
        return int(lines[name])

    def wait_for_readers(self, number: int, key: str = KEY, *, seconds: float = 10) -> None:
        def message() -> str:
            return f"{number} readers, there are {self.readers(key)}\n{self.log}"

        wait_until(lambda: self.readers(key) == number, seconds=seconds, message=message)


def live_path(key: str = KEY, *, now: float = 4_000_000_000) -> str:
    """A signed address that is good for a century."""
    return signed_path(key, now=now, secret=SECRET)


@contextmanager
def running_push(edited: Callable[[str], str] = str, **changes: Any) -> Iterator[Push]:
    """A push instance with small limits for small tests; `changes` are of PushSettings."""
    with _runtime("push") as runtime:
        port = unused_port()
        settings: dict[str, Any] = {
            "runtime": runtime,
            "listen": f"127.0.0.1:{port}",
            "publish": f"unix:{runtime}/publish.sock",
            "secret": SECRET,
            "origins": (ORIGIN,),
            "max_sockets_per_address": 0,
            "expected_readers": 2000,
            **changes,
        }
        text = edited(nginx.render_push(nginx.PushSettings(**settings)))
        with running(text, runtime, port) as server:
            yield Push(server, port, runtime, str(runtime / "publish.sock"))


@contextmanager
def running_front(edited: Callable[[str], str] = str, *, port: int = 0, **changes: Any) -> Iterator[Instance]:
    """A front instance; `changes` are of FrontSettings, which need `api` and `live`."""
    with _runtime("front") as runtime:
        port = port or unused_port()
        settings: dict[str, Any] = {"runtime": runtime, "listen": f"127.0.0.1:{port}", **changes}
        text = edited(nginx.render_front(nginx.FrontSettings(**settings)))
        with running(text, runtime, port) as server:
            yield Instance(server, port, runtime)


@contextmanager
def running(config: str, runtime: Path, port: int) -> Iterator[Server]:
    """nginx on a configuration that listens on the port."""
    path = runtime / "nginx.conf"
    path.write_text(config)
    path.chmod(0o600)  # a secret is in it
    server = Server("nginx", nginx.argv(path), directory=runtime, is_up=lambda: _listens(port))
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def _runtime(name: str) -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix=f"kibitz-{name}-"))
    path.chmod(0o711)  # the workers' user passes through
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _listens(port: int) -> bool:
    try:
        ask(port, "GET", "/")
    except OSError:
        return False
    return True
