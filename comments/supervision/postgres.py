"""The stack's PostgreSQL: a cluster made once, then served on a Unix socket alone.

`python -m comments.supervision.postgres DIRECTORY` makes the cluster DIRECTORY/data, with the database and
the role `kibitz`. PostgreSQL refuses to run as root, so root runs it as the account `postgres`. That account
need not be able to enter the state directory: it gets its own directories as open descriptors, and
/proc/self/fd leads to them whatever lies above.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGQUIT
from typing import Final
from urllib.parse import quote

from comments.supervision.probes import postgres_question
from comments.supervision.processes import Service, as_user, tie_to_parent
from comments.supervision.state import make_private

PROGRAMS: Final = Path("/usr/lib/postgresql")  # Debian keeps each major version in a directory of its own
SOCKET: Final = ".s.PGSQL.5432"
ACCOUNT: Final = "postgres"
RECOVERY_SECONDS: Final = 60.0  # after a power cut; what a killed server left is replayed in about one
SETTINGS: Final = {
    "listen_addresses": "",
    "synchronous_commit": "on",  # a post answered 201 survives a power cut
    "shared_buffers": "256MB",  # the pages of the busy threads; the kernel's cache has the rest
    "max_connections": "200",  # 20 for each of the API's processes and whoever runs manage.py
    "max_wal_size": "512MB",  # bounds what must be replayed after a crash: about a second
    "random_page_cost": "1.1",  # no disk that seeks: an index is worth its use
    "jit": "off",  # our queries take a millisecond, compiling one takes fifty
    "log_checkpoints": "off",
}
_FIRST_STATEMENTS: Final = "CREATE ROLE kibitz LOGIN;\nCREATE DATABASE kibitz OWNER kibitz;\n"


def account() -> str | None:
    """Who PostgreSQL runs as; None for the account that runs this."""
    return ACCOUNT if os.geteuid() == 0 else None


def programs(version: str = "") -> Path:
    """Where initdb and postgres are, of that major version or else the newest.

    Raises FileNotFoundError that names the package.
    """
    found = [path.parent for path in PROGRAMS.glob(f"{version or '*'}/bin/initdb")]
    if found:
        return max(found, key=lambda path: float(path.parent.name))
    if (elsewhere := shutil.which("initdb")) and not version:
        return Path(elsewhere).resolve().parent
    package = f"postgresql-{version}" if version else "postgresql"
    raise FileNotFoundError(f"PostgreSQL {version} is not installed: apt-get install {package}")


class Cluster:
    """The cluster in `home`/data, its socket in `socket_directory`; PostgreSQL's account owns both."""

    def __init__(self, home: Path, socket_directory: Path) -> None:
        self._home = home
        self._data = home / "data"
        self._socket_directory = socket_directory

    @property
    def url(self) -> str:
        return f"postgres://kibitz@{quote(str(self._socket_directory), safe='')}/kibitz"

    @property
    def is_made(self) -> bool:
        return self._data.is_dir()

    def making(self) -> Service:
        """Makes the cluster, once."""
        return Service(
            name="initdb",
            argv=[sys.executable, "-m", "comments.supervision.postgres", str(self._home)],
            once=True,
        )

    @contextlib.contextmanager
    def service(self) -> Iterator[Service]:
        """The process `postgres`. The context holds the directories open for its restarts.

        Raises FileNotFoundError where the version that made the cluster is not installed.
        """
        version = (self._data / "PG_VERSION").read_text().strip()
        with _opened(self._data) as data, _opened(self._socket_directory) as sockets:
            argv = [str(programs(version) / "postgres"), "-D", f"/proc/self/fd/{data}"]
            for name, value in (SETTINGS | {"unix_socket_directories": f"/proc/self/fd/{sockets}"}).items():
                argv += ["-c", f"{name}={value}"]
            question = postgres_question(self._socket_directory / SOCKET)
            yield Service(
                name="postgres",
                argv=argv,
                ready=question.is_answered_well,
                question=question,
                ready_seconds=RECOVERY_SECONDS,
                clear_away=self._forget_the_dead,
                stop_signal=SIGINT,  # ends sessions and stops; SIGTERM would wait for clients to leave
                death_signal=SIGQUIT,  # at once, and its children with it
                own_group=True,
                user=account(),
                descriptors=[data, sockets],
                noise="the database system is starting up",  # what it answers to whoever asks whether it is
            )

    def _forget_the_dead(self) -> None:
        """Removes lock files of a server that is no more.

        PostgreSQL believes them when a process has the number in them, and after a restart of the machine
        some other program may well have it.
        """
        for lock in (self._data / "postmaster.pid", self._socket_directory / f"{SOCKET}.lock"):
            with contextlib.suppress(FileNotFoundError):
                pid = lock.read_text().partition("\n")[0]
                if not _is_postgres(pid):
                    lock.unlink()


def make(home: Path) -> None:
    """Makes the cluster in `home`/data: whole, or not at all."""
    unfinished = home / "data.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    make_private(unfinished, account())
    found = programs()
    with _opened(unfinished) as data:
        where = f"/proc/self/fd/{data}"
        _run([str(found / "initdb"), "-D", where, "--username=postgres", "--auth=trust", "--encoding=UTF8",
              "--locale=C.UTF-8"], data)  # fmt: skip
        single = [str(found / "postgres"), "--single", "-c", "log_checkpoints=off", "-D", where, "postgres"]
        _run(single, data, told=_FIRST_STATEMENTS)
    unfinished.rename(home / "data")


def _run(argv: list[str], descriptor: int, *, told: str = "") -> None:
    subprocess.run(
        argv,
        input=told.encode(),
        stdout=subprocess.DEVNULL,
        check=True,
        pass_fds=[descriptor],
        preexec_fn=tie_to_parent(SIGKILL),
        **as_user(account()),
    )


@contextlib.contextmanager
def _opened(directory: Path) -> Iterator[int]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _is_postgres(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == "postgres"
    except OSError:
        return False


if __name__ == "__main__":
    make(Path(sys.argv[1]))
