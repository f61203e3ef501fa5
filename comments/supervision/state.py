"""What a `./run` that is up keeps in its state directory: lock, environment, pid files, socket."""

import contextlib
import fcntl
import json
import os
import pwd
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from comments.supervision.processes import is_alive

SOCKET_PATH_BYTES: Final = 100  # the kernel takes 107; valkey's own temporary names need a few
STALE_SECONDS: Final = 5.0  # how long the children of a killed supervisor may take to end
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
        self.state_dir = state_dir.resolve()
        self.path = self.state_dir / "run"
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
    def socket_directory(self, longest_name: str, *, for_others: bool = False) -> Iterator[Path]:
        """A directory for Unix sockets with names up to that length; `for_others`, one that all may enter.

        It is this one, or a directory among the temporary files where this one's path is too long for the
        kernel, or where others cannot come: Kibitz may lie in a home directory that only its owner enters.
        """
        elsewhere = self.path / "elsewhere"
        if elsewhere.is_symlink():  # a killed supervisor's
            shutil.rmtree(elsewhere.resolve(), ignore_errors=True)
            elsewhere.unlink()
        is_short = len(os.fsencode(self.path / longest_name)) <= SOCKET_PATH_BYTES
        if is_short and not (for_others and _is_closed_to_others(self.path)):
            yield self.path
            return
        with tempfile.TemporaryDirectory(prefix="kibitz-", ignore_cleanup_errors=True) as directory:
            if for_others:
                Path(directory).chmod(0o711)
            elsewhere.symlink_to(directory)
            try:
                yield Path(directory)
            finally:
                elsewhere.unlink()

    def _await_stale_processes(self) -> None:
        """Waits for what a killed supervisor left: the kernel has told it to end, which takes a moment."""
        give_up_at = time.monotonic() + STALE_SECONDS
        for pid_file in self.path.glob("*.pid"):
            text = pid_file.read_text().strip()
            while text.isdigit() and is_alive(int(text)) and time.monotonic() < give_up_at:
                time.sleep(0.02)
            pid_file.unlink()


def make_private(directory: Path, user: str | None, *, group: int | None = None) -> None:
    """Makes a directory, if there is none, that only the account, or its owner and the group, can enter.

    What is made in it belongs to the group too (the set-group-id bit).
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    uid = pwd.getpwnam(user).pw_uid if user else -1
    os.chown(directory, uid, -1 if group is None else group)
    directory.chmod(0o700 if group is None else 0o2750)


def _is_closed_to_others(directory: Path) -> bool:
    return any(not path.stat().st_mode & stat.S_IXOTH for path in (directory, *directory.parents))
