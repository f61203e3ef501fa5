"""One supervised process: how it is started, tied to its parent and read, and how long its restart waits."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from comments.supervision.probes import Question

PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
FIRST_DELAY_SECONDS: Final = 0.2
LONGEST_DELAY_SECONDS: Final = 5.0  # readers are promised to be up to date 30 s after whatever happened
HEALTHY_SECONDS: Final = 5.0  # who lived this long had started well: its next death is a new fault
LONGEST_LINE_BYTES: Final = 65536  # a pipe's worth; what never ends its line is cut here

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Service:
    """What to run, and when it counts as up.

    `ready` is asked again and again and must answer at once; None means up as soon as it runs. `question` is
    asked as long as it runs: who answers nothing for long is killed and restarted (supervision.liveness).
    One that `falls_with_a_worker` is killed whole, and restarted, when one of its children has died.
    With `once` it is up when it has ended with status 0, is not restarted, and a line of JSON that it
    writes is its result, not its log. `clear_away` removes, before each start, what a killed process left.
    `death_signal` comes from the kernel when the supervisor dies. A process with children of its own needs
    one that it passes on (SIGTERM for redis and nginx, SIGQUIT for postgres): SIGKILL would orphan them.
    `own_group` keeps Ctrl-C at the terminal from a program that unblocks SIGINT. `user` is another account
    to run as, `descriptors` are open files that it inherits. A line with `noise` in it is not passed on.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] | None = None
    question: Question | None = None
    falls_with_a_worker: bool = False
    ready_seconds: float = 60.0
    once: bool = False
    clear_away: Callable[[], None] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    own_group: bool = False
    user: str | None = None
    descriptors: Sequence[int] = ()
    umask: int = -1  # the supervisor's own
    noise: str = ""


class Backoff:
    """A restart's wait: 0.2 s, doubling to 5 s; after 5 s of health 0.2 s again."""

    def __init__(self) -> None:
        self._next = FIRST_DELAY_SECONDS

    def delay_after(self, lived_seconds: float) -> float:
        """Seconds to wait, for a process that has just died after `lived_seconds`."""
        if lived_seconds >= HEALTHY_SECONDS:
            self._next = FIRST_DELAY_SECONDS
        delay = self._next
        self._next = min(delay * 2, LONGEST_DELAY_SECONDS)
        return delay


class Child:
    """A running process with its output as one pipe; start it from the main thread (see `tie_to_parent`)."""

    def __init__(self, service: Service, *, run_dir: Path, now: float) -> None:
        """Raises OSError where the program cannot be started."""
        self.service = service
        self.started_at = now
        self.at_end = False  # its output is closed: it ended, or gave its output away
        self._pid_file = run_dir / f"{service.name}.pid"
        self._unfinished = b""
        if service.clear_away is not None:
            service.clear_away()
        self._process = subprocess.Popen(
            list(service.argv),
            env={**os.environ, **service.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=service.descriptors,
            umask=service.umask,
            process_group=0 if service.own_group else None,
            preexec_fn=tie_to_parent(service.death_signal),
            **as_user(service.user),
        )
        assert self._process.stdout is not None
        self.output = self._process.stdout.fileno()
        os.set_blocking(self.output, False)
        unfinished = self._pid_file.with_suffix(".new")
        unfinished.write_text(f"{self.pid}\n")
        unfinished.rename(self._pid_file)  # whoever reads it sees the whole number

    @property
    def pid(self) -> int:
        return self._process.pid

    def poll(self) -> int | None:
        """The exit status (minus the signal's number where one killed it), None while it runs."""
        return self._process.poll()

    def send(self, number: signal.Signals) -> None:
        """Sends the signal; a process that is gone already does not matter."""
        self._process.send_signal(number)

    def lines(self) -> Iterator[str]:
        """The whole lines that have come since the last call; never waits."""
        while chunk := self._read():
            *whole, self._unfinished = (self._unfinished + chunk).split(b"\n")
            if len(self._unfinished) > LONGEST_LINE_BYTES:
                whole, self._unfinished = [*whole, self._unfinished], b""
            for line in whole:
                yield line.decode(errors="replace").rstrip("\r")

    def close(self) -> Iterator[str]:
        """What is left of an ended process's output; takes its pid file away."""
        yield from self.lines()
        if self._unfinished:
            yield self._unfinished.decode(errors="replace")
            self._unfinished = b""
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._pid_file.unlink(missing_ok=True)

    def _read(self) -> bytes:
        try:
            chunk = os.read(self.output, LONGEST_LINE_BYTES)
        except BlockingIOError:
            return b""
        self.at_end = not chunk
        return chunk


def as_user(name: str | None) -> dict[str, Any]:
    """Popen's arguments to run as that account; raises OSError where there is none of that name.

    Popen changes the account before it calls preexec_fn: a change after it would clear the death signal.
    """
    if name is None:
        return {}
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise FileNotFoundError(f"there is no account {name!r} on this machine") from None
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits for its parent (a zombie) does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:  # gone by now, or no Linux
        return sys.platform != "linux"
    return stat.rpartition(")")[2].split()[0] not in "ZX"  # after the program's name, which may hold anything


def ending(status: int) -> str:
    """An exit status in words."""
    if status >= 0:
        return f"ended with status {status}"
    return f"was killed by {signal.Signals(-status).name}"


def tie_to_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """What a forked child does before it becomes its program, so that it goes with the supervisor.

    The kernel watches the *thread* that forked, so the main thread must be the one that starts children.
    A parent that died between fork and prctl would never be noticed, hence the second look. Ctrl-C and a
    closed terminal reach the whole process group; blocked here (which an exec keeps), they stop the
    supervisor alone, and that stops the others in its order.
    """
    parent = os.getpid()

    def tie() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
        if sys.platform == "linux" and _libc.prctl(PR_SET_PDEATHSIG, death_signal) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
        if os.getppid() != parent:
            os._exit(1)

    return tie
