"""Real servers from Debian packages, and the pytest plugin that starts them before Django's settings load.

Loaded by `-p tests.servers` (pyproject.toml). Every server listens on a Unix socket in a directory of
its own, so test runs never meet, and dies with the process that started it.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from signal import SIGKILL, SIGQUIT, SIGTERM, Signals
from typing import Any, Final
from urllib.parse import quote

import psycopg
import pytest

from comments.supervision.processes import tie_to_parent

START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 10.0


def wait_until(
    condition: Callable[[], object], *, seconds: float = 10.0, message: str | Callable[[], str]
) -> None:
    """Returns as soon as `condition()` is true; fails the test with `message` when that takes too long."""
    give_up_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up_at:
            text = message if isinstance(message, str) else message()
            pytest.fail(f"not within {seconds:g} s: {text}")
        time.sleep(0.01)


def unused_port(port: int = 0) -> int:
    """A TCP port on the loopback that a server can bind and the kernel hands to nobody else for a minute.

    `port` asks for that one, or OSError. A connection that its server closed first stays behind in TIME_WAIT:
    the kernel passes such a port over when it picks one, for a test's own connections too.
    """
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))
        # Not before: bind would take a port that is kept.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.listen(1)
        with socket.create_connection(server.getsockname()):
            server.accept()[0].close()
        found: int = server.getsockname()[1]
        return found


class Server:
    """One server process in a directory of its own; it can `start` again after `kill` or `stop`."""

    def __init__(
        self,
        name: str,
        argv: list[str],
        *,
        directory: Path,
        is_up: Callable[[], bool],
        stop_signal: Signals = SIGTERM,
        user: str | None = None,
    ) -> None:
        self._name = name
        self._argv = argv
        self._directory = directory
        self._is_up = is_up
        self._stop_signal = stop_signal
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self._name} is not running"
        return self._process.pid

    def start(self) -> None:
        """Returns when the server answers; fails with its log when it does not."""
        log = self._directory / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                self._argv,
                cwd=self._directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=tie_to_parent(self._stop_signal),
                **_as_user(self._user),
            )
        give_up_at = time.monotonic() + START_SECONDS
        while not self._is_up():
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                self.kill()
                raise RuntimeError(f"{self._name} did not start:\n{log.read_text(errors='replace')}")
            time.sleep(0.01)

    def stop(self) -> None:
        self._end(self._stop_signal)

    def kill(self) -> None:
        """Ends it as a crash would."""
        self._end(SIGKILL)

    def _end(self, number: Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


@contextmanager
def redis_server() -> Iterator[tuple[Server, str]]:
    """A redis-server without persistence, and its URL."""
    with _directory("redis") as directory:
        path = directory / "redis.sock"
        argv = [_program("redis-server"), "--port", "0", "--unixsocket", str(path), "--dir", str(directory)]
        argv += ["--save", "", "--appendonly", "no", "--loglevel", "warning"]
        server = Server("redis-server", argv, directory=directory, is_up=lambda: _pongs(path))
        server.start()
        try:
            yield server, f"unix://{quote(str(path))}?db=0"
        finally:
            server.stop()


@contextmanager
def postgres_server() -> Iterator[tuple[Server, str]]:
    """A PostgreSQL cluster that trusts everybody, with the URL of its empty database `kibitz`."""
    user = "postgres" if os.geteuid() == 0 else None  # postgres refuses to run as root
    with _directory("postgres", owner=user) as directory:
        data = directory / "data"
        initdb = [_program("initdb"), "-D", str(data), "-U", "postgres", "--auth=trust", "--encoding=UTF8"]
        initdb += ["--locale=C.UTF-8", "--no-sync", "--no-instructions"]
        subprocess.run(initdb, cwd=directory, stdout=subprocess.DEVNULL, check=True, **_as_user(user))
        argv = [_program("postgres"), "-D", str(data), "-k", str(directory), "-h", ""]
        for setting in ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=64MB"):
            argv += ["-c", setting]
        base = f"postgres://postgres@{quote(str(directory), safe='')}"
        server = Server(
            "postgres",
            argv,
            directory=directory,
            is_up=lambda: _accepts(f"{base}/postgres"),
            stop_signal=SIGQUIT,  # at once, and its children with it: nothing is to be kept
            user=user,
        )
        server.start()
        try:
            with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
                connection.execute("CREATE DATABASE kibitz")
            yield server, f"{base}/kibitz"
        finally:
            server.stop()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=["sqlite", "postgres"],
        default="sqlite",
        help="what the tests' Django uses: sqlite (in memory) or postgres (a cluster made for this run)",
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Starts the servers and sets the environment: a wrapper, pytest-django reads settings in this hook."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as a shell starts what runs beside it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    stack = ExitStack()
    early_config.add_cleanup(stack.close)
    for name in [name for name in os.environ if name.startswith("KIBITZ_")] + ["PORT", "DATABASE_URL"]:
        os.environ.pop(name, None)  # a developer's settings must not decide a test
    os.environ["KIBITZ_STATE_DIR"] = str(stack.enter_context(_directory("state")))
    os.environ["KIBITZ_SECRET_KEY"] = "only for tests, and long enough for every signature"
    os.environ["REDIS_URL"] = stack.enter_context(redis_server())[1]
    if early_config.known_args_namespace.database == "postgres":
        os.environ["DATABASE_URL"] = stack.enter_context(postgres_server())[1]
    return (yield)


@contextmanager
def _directory(name: str, *, owner: str | None = None) -> Iterator[Path]:
    """A short path (a socket goes into it), gone afterwards."""
    with tempfile.TemporaryDirectory(prefix=f"kibitz-{name}-", ignore_cleanup_errors=True) as path:
        if owner is not None:
            shutil.chown(path, owner, owner)
        yield Path(path)


def _as_user(user: str | None) -> dict[str, Any]:
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _program(name: str) -> str:
    """The program's path; Debian keeps PostgreSQL's out of PATH."""
    for directory in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (directory / name).exists():
            return str(directory / name)
    found = shutil.which(name)
    if found is None:
        raise pytest.UsageError(f"the tests need {name}; ./run test says how to get it")
    return found


def _pongs(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def _accepts(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True
