"""What a `./run` that is up keeps in its state directory: lock, environment, pid files, socket."""

import contextlib
import fcntl
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from comments.supervision.processes import is_alive

SOCKET_PATH_BYTES: Final = 100  # the kernel takes 107; valkey's own temporary names need a few
STALE_SECONDS: Final = 2.0  # how long the children of a killed supervisor may take to end
SHARED_NAMES: Final = (
    "DATABASE_URL",
    "REDIS_URL",
    "PORT",
)  # with every KIBITZ_*: what `./run manage` must share


class AlreadyRunning(Exception):
    """Another supervisor holds the state directory; the text is what it wrote about itself."""


class RunDir:
    """The directory `run` in the state directory, made on first use."""

    def __init__(self, state_dir: Path) -> None:
        self.path = state_dir.resolve() / "run"
        self._environment_file = self.path / "env.json"
        self._lock_file = self.path / "lock"

    @contextlib.contextmanager
    def held(self, about: str) -> Iterator[None]:
        """Holds the directory for this process; raises AlreadyRunning. Who comes second is told `about`."""
        self.path.mkdir(parents=True, exist_ok=True)
        with self._lock_file.open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunning(self._lock_file.read_text().strip()) from None
            lock.truncate(0)
            lock.write(f"{about}\n")
            lock.flush()
            self._await_stale_processes()
            try:
                yield
            finally:
                self._environment_file.unlink(missing_ok=True)

    def is_held(self) -> bool:
        """Whether a supervisor runs on this state directory."""
        try:
            with self._lock_file.open() as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def write_environment(self, environment: Mapping[str, str]) -> None:
        """Leaves what `./run manage` needs to act on the same database and Redis; it holds secrets."""
        shared = {k: v for k, v in environment.items() if k in SHARED_NAMES or k.startswith("KIBITZ_")}
        self._environment_file.unlink(missing_ok=True)
        descriptor = os.open(self._environment_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(shared, file, indent=1)

    def environment(self) -> dict[str, str]:
        """The environment of the supervisor that runs here, empty where none does."""
        if not self.is_held():
            return {}
        try:
            loaded: dict[str, str] = json.loads(self._environment_file.read_text())
        except FileNotFoundError:
            return {}  # it has only just begun
        return loaded

    @contextlib.contextmanager
    def socket_path(self, name: str) -> Iterator[Path]:
        """A path for a Unix socket: here, or in a private directory where that is too long for the kernel."""
        path = self.path / name
        if len(os.fsencode(path)) <= SOCKET_PATH_BYTES:
            yield path
            return
        with tempfile.TemporaryDirectory(prefix="kibitz-", ignore_cleanup_errors=True) as directory:
            yield Path(directory) / name

    def _await_stale_processes(self) -> None:
        """Waits for what a killed supervisor left: the kernel has told it to end, which takes a moment."""
        give_up_at = time.monotonic() + STALE_SECONDS
        for pid_file in self.path.glob("*.pid"):
            text = pid_file.read_text().strip()
            while text.isdigit() and is_alive(int(text)) and time.monotonic() < give_up_at:
                time.sleep(0.02)
            pid_file.unlink()
