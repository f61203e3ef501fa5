"""The `./run stack` that is measured: one of our own on free ports, or one that is up already."""

import contextlib
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from comments.env import BASE_DIR
from comments.supervision.processes import tie_to_parent
from comments.supervision.state import RunDir

HOST: Final = "127.0.0.1"
RUN: Final = (sys.executable, "-m", "comments.supervision")
MANAGE: Final = (sys.executable, "-m", "comments.supervision.manage", "--stack")
PORTS: Final = range(8_200, 10_000)
START_SECONDS: Final = 180.0  # the first start makes a database and fills the demo
STOP_SECONDS: Final = 30.0
LOG_TAIL_LINES: Final = 20


class StackFailed(Exception):
    """The stack did not start, went away, or answered what it must not; the text says which."""


@dataclass(frozen=True, slots=True)
class Thread:
    """A page of the load site, and where its readers connect."""

    key: str
    seq: int
    live: str
    page: dict[str, str]


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack that is up. `state` is its KIBITZ_STATE_DIR."""

    base_url: str
    state: Path
    site: str

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.base_url)
        return parts.hostname or HOST, parts.port or 80

    def pids(self) -> dict[str, int]:
        """The leading process of each service that runs now."""
        found = {}
        for path in (self.state / "stack" / "run").glob("*.pid"):
            with contextlib.suppress(OSError, ValueError):  # it has just ended
                found[path.stem] = int(path.read_text())
        return found

    def api_socket(self) -> str:
        """The path on which the API's processes listen, without the front. Raises StackFailed."""
        pid = self.pids().get("api", 0)
        with contextlib.suppress(OSError):
            held = {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()}
            for line in Path("/proc/net/unix").read_text().splitlines()[1:]:
                fields = line.split()
                if len(fields) == 8 and f"socket:[{fields[6]}]" in held and not fields[7].startswith("@"):
                    return fields[7]
        raise StackFailed("the API listens on no Unix socket that is to be found")

    def manage(self, *arguments: str) -> None:
        """manage.py on the stack's database. Raises StackFailed."""
        done = subprocess.run(
            [*MANAGE, *arguments],
            env={**os.environ, "KIBITZ_STATE_DIR": str(self.state)},
            cwd=BASE_DIR,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StackFailed(f"manage {arguments[0]}: {done.stderr.strip() or done.stdout.strip()}")

    def make_site(self) -> None:
        self.manage("create_site", self.site, "--origin", self.base_url, "--name", "Load", "--unlimited")

    def thread(self, page_id: str) -> Thread:
        """The bootstrap of a page, as an embed asks for it. Raises StackFailed."""
        page = {"site": self.site, "page_id": page_id, "url": f"{self.base_url}/{page_id}", "title": page_id}
        query = urlencode({"page_id": page_id, "url": page["url"]})
        answer = self.get(f"/api/v1/sites/{self.site}/thread/?{query}")
        return Thread(answer["key"], answer["seq"], answer["live"]["ws"], page)

    def get(self, path: str) -> dict[str, Any]:
        return self._call("GET", path, None)

    def post(self, path: str, body: object) -> dict[str, Any]:
        return self._call("POST", path, json.dumps(body))

    def _call(self, method: str, path: str, body: str | None) -> dict[str, Any]:
        connection = http.client.HTTPConnection(*self.address, timeout=30)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json", "X-Kibitz": "1"})
            answer = connection.getresponse()
            content: dict[str, Any] = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise StackFailed(f"{method} {path}: {error}") from None
        finally:
            connection.close()
        if answer.status not in {200, 201}:
            raise StackFailed(f"{method} {path}: {answer.status} {content}")
        return content

    def is_up(self) -> bool:
        """Whether the front, the API behind it, and the push instance answer."""
        host, port = self.address
        return _answers(host, port, "/readyz") and _answers(host, port + 1, "/healthz")


class StackProcess:
    """A `./run stack` of our own on a state directory, which may be started again after a stop."""

    def __init__(self, state: Path, port: int, site: str, settings: Mapping[str, str]) -> None:
        self.state = state
        self.stack = Stack(f"http://{HOST}:{port}", state, site)
        self._log = state / "stack.log"
        self._process: subprocess.Popen[bytes] | None = None
        environment = {k: v for k, v in os.environ.items() if k not in {"REDIS_URL", "DATABASE_URL"}}
        self._environment = {**environment, "PORT": str(port), "KIBITZ_STATE_DIR": str(state), **settings}

    def start(self) -> None:
        """Returns when it is up; raises StackFailed."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                [*RUN, "stack"],
                cwd=BASE_DIR,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for us: we end it when we are done with it
                preexec_fn=tie_to_parent(signal.SIGTERM),
            )
        give_up_at = time.monotonic() + START_SECONDS
        while not self.stack.is_up():
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
                raise StackFailed(f"./run stack did not come up; the end of its log:\n{tail}")
            time.sleep(0.2)

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()  # its children are tied to it
            self._process.wait()
        self._process = None

    def environment(self) -> dict[str, str]:
        """What its processes find in theirs."""
        return RunDir(self.state / "stack").environment()


@contextlib.contextmanager
def started(state: Path, *, readers: int) -> Iterator[Stack]:
    """A stack of its own in an emptied directory, with room for so many readers; ended at the end."""
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir(parents=True)
    settings = {"KIBITZ_MAX_SOCKETS_PER_ADDRESS": "0", "KIBITZ_PUSH_READERS": str(readers)}
    process = StackProcess(state, free_pair(), "load", settings)
    try:
        process.start()
        process.stack.make_site()
        yield process.stack
    finally:
        process.stop()


def _answers(host: str, port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def free_pair(*, apart_from: int = 0) -> int:
    """A port that is free together with the next one, the front's and the push instance's; another pair than
    the one that begins with `apart_from`.

    Out of a range from which no kernel gives ports away by itself: the stack takes a while to reach for them.
    """
    for port in range(PORTS.start + secrets.randbelow(len(PORTS)) // 2 * 2, PORTS.stop, 2):
        if port == apart_from:
            continue
        with socket.socket() as front, socket.socket() as push, contextlib.suppress(OSError):
            front.bind((HOST, port))
            push.bind((HOST, port + 1))
            return port
    raise StackFailed(f"no two free ports side by side in {PORTS.start} to {PORTS.stop}")
