"""What is done to a running stack, one at a time. Each fault begins, lasts, and is over."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import redis

from comments.env import BASE_DIR
from comments.events.redis_clients import command_client
from comments.supervision.processes import is_alive, tie_to_parent
from loadtest.convergence.programs import Network
from loadtest.stack import StackFailed, StackProcess

CLOCK_OFF_SECONDS: Final = 300
LIBFAKETIME: Final = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
DISK_MB: Final = 192  # Redis rewrites its append file at 64 MB, and then has two
WAIT_SECONDS: Final = 30.0
MOUNT: Final = "/usr/bin/mount"
UMOUNT: Final = "/usr/bin/umount"

Heal = Callable[[], None]


@dataclass(slots=True)
class Ground:
    """What faults are done to."""

    process: StackProcess
    network: Network
    lossy: str  # host:port of the push node behind the network that can be lost
    chance: random.Random

    @property
    def redis_dir(self) -> Path:
        return self.process.state / "stack" / "redis"

    def pid(self, name: str) -> int:
        """The process that leads the service; waits for one that is being restarted. Raises StackFailed."""
        give_up_at = time.monotonic() + WAIT_SECONDS
        while (pid := self.process.stack.pids().get(name, 0)) == 0 or not is_alive(pid):
            if time.monotonic() > give_up_at:
                raise StackFailed(f"{name} does not run")
            time.sleep(0.05)
        return pid

    def redis(self) -> redis.Redis:
        return command_client(self.process.environment()["REDIS_URL"])


@dataclass(frozen=True, slots=True)
class Fault:
    """`begin` does it and returns what ends it; `seconds` lie between the two.

    `cuts_readers`: those behind the faulty network learn nothing before it is over. `missing` says why it
    cannot be done on this machine, and is empty where it can.
    """

    name: str
    begin: Callable[[Ground], Heal]
    seconds: float = 0.0
    cuts_readers: bool = False
    missing: Callable[[], str] = str


def kill(service: str, *, stop: signal.Signals = signal.SIGKILL) -> Callable[[Ground], Heal]:
    """The process that leads the service gets the signal; the supervisor starts another."""

    def begin(ground: Ground) -> Heal:
        os.kill(ground.pid(service), stop)
        return _nothing

    return begin


def kill_worker(service: str) -> Callable[[Ground], Heal]:
    """One of the processes below the service's leader is killed."""

    def begin(ground: Ground) -> Heal:
        os.kill(ground.chance.choice(children(ground.pid(service))), signal.SIGKILL)
        return _nothing

    return begin


def hang(service: str) -> Callable[[Ground], Heal]:
    """The process is stopped in its tracks: its sockets are open, and nobody answers."""

    def begin(ground: Ground) -> Heal:
        pid = ground.pid(service)
        os.kill(pid, signal.SIGSTOP)
        return lambda: _signal(pid, signal.SIGCONT)

    return begin


def flush_redis(ground: Ground) -> Heal:
    ground.redis().flushall()
    return _nothing


def empty_redis(ground: Ground) -> Heal:
    """Redis dies, and what it kept on disk with it."""
    pid = ground.pid("redis")
    os.kill(pid, signal.SIGSTOP)  # so that it is not back before the files are gone
    _empty(ground.redis_dir)
    os.kill(pid, signal.SIGKILL)
    return _nothing


def keep_redis_away(ground: Ground) -> Heal:
    """Redis dies and cannot start: its directory is elsewhere."""
    here, elsewhere = ground.redis_dir / "appendonlydir", ground.redis_dir / "away"
    pid = ground.pid("redis")
    os.kill(pid, signal.SIGSTOP)
    here.rename(elsewhere)
    here.write_text("not a directory")
    os.kill(pid, signal.SIGKILL)

    def heal() -> None:
        here.unlink()
        elsewhere.rename(here)

    return heal


def fill_redis_disk(ground: Ground) -> Heal:
    """Nothing more fits on the disk of Redis's append file."""
    filler = ground.redis_dir / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(bytes(1 << 20)) > 0:
            pass
    with contextlib.suppress(OSError), filler.open("ab", buffering=0) as file:
        while file.write(b"\0") > 0:
            pass
    return filler.unlink


def network(which: str, mode: str) -> Callable[[Ground], Heal]:
    def begin(ground: Ground) -> Heal:
        ground.network.set(which, mode)
        return lambda: ground.network.set(which, "pass")

    return begin


def skew_formatter(ground: Ground) -> Heal:
    """Formatters whose clocks are five minutes ahead and behind take over from the one that is killed, and
    share its stream with the next; then they are killed too."""
    environment = {**os.environ, **ground.process.environment(), "KIBITZ_FORMATTER_INDEX": "0"}
    environment |= {"LD_PRELOAD": str(LIBFAKETIME[0]), "FAKETIME_DONT_RESET": "1"}
    skewed = [
        subprocess.Popen(
            [sys.executable, "-m", "realtime"],
            cwd=BASE_DIR,
            env={**environment, "FAKETIME": f"{seconds:+d}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=tie_to_parent(signal.SIGKILL),
        )
        for seconds in (CLOCK_OFF_SECONDS, -CLOCK_OFF_SECONDS)
    ]
    os.kill(ground.pid("formatter-1"), signal.SIGKILL)

    def heal() -> None:
        for process in skewed:
            if process.poll() is not None:
                raise StackFailed("a formatter whose clock is off ended by itself")
            process.kill()
            process.wait()

    return heal


def restart_everything(ground: Ground) -> Heal:
    """SIGTERM, and a start once all have gone."""
    ground.process.stop()
    return ground.process.start


@contextlib.contextmanager
def small_disk(directory: Path) -> Iterator[None]:
    """Puts a directory on a small disk of its own, in memory, where this process may; else leaves it."""
    if _no_root():
        yield
        return
    directory.mkdir(parents=True, exist_ok=True)
    options = f"size={DISK_MB}m,mode=700"
    subprocess.run([MOUNT, "-t", "tmpfs", "-o", options, "kibitz-chaos", str(directory)], check=True)
    try:
        yield
    finally:
        subprocess.run([UMOUNT, str(directory)], check=True)


def clear_small_disk(directory: Path) -> None:
    """Takes away what a killed run left mounted."""
    while directory.is_mount():
        subprocess.run([UMOUNT, str(directory)], check=True)


def children(pid: int) -> list[int]:
    """The process ids of its workers. Raises StackFailed where it has none."""
    found = [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    if not found:
        raise StackFailed(f"process {pid} has no workers")
    return found


def _no_root() -> str:
    if os.geteuid() != 0:
        return "needs root, to mount a small disk"
    probe = ["unshare", "--mount", MOUNT, "-t", "tmpfs", "kibitz-chaos", "/mnt"]
    done = subprocess.run(probe, capture_output=True, text=True, check=False)
    return f"this machine mounts no disk: {done.stderr.strip()}" if done.returncode else ""


def _no_faketime() -> str:
    return "" if LIBFAKETIME else "needs the package faketime"


FAULTS: Final = (
    Fault("nothing, to compare with", lambda ground: _nothing),
    Fault("formatter killed", kill("formatter-1")),
    Fault("sweeper killed", kill("sweeper")),
    Fault("Daphne killed", kill("daphne-1")),
    Fault("API worker killed", kill_worker("api")),
    Fault("API killed whole", kill("api")),
    Fault("push worker killed", kill_worker("push")),
    Fault("push master killed", kill("push")),
    Fault("front killed", kill("front")),
    Fault("Redis killed", kill("redis")),
    Fault("Redis away for 20 s", keep_redis_away, 20.0),
    Fault("Redis hangs for 5 s", hang("redis"), 5.0),
    Fault("Redis emptied (FLUSHALL)", flush_redis),
    Fault("Redis restarted with an empty disk", empty_redis),
    Fault("Redis's disk full for 10 s", fill_redis_disk, 10.0, missing=_no_root),
    Fault("PostgreSQL killed", kill("postgres")),
    Fault("PostgreSQL restarted", kill("postgres", stop=signal.SIGINT)),
    Fault("push node answers nothing for 12 s", network("node", "silent"), 12.0),
    Fault("push node answers 500 for 12 s", network("node", "broken"), 12.0),
    Fault("network lost for 2 s", network("readers", "silent"), 2.0, cuts_readers=True),
    Fault("network lost for 90 s", network("readers", "silent"), 90.0, cuts_readers=True),
    Fault("formatters' clocks 5 min off", skew_formatter, 12.0, missing=_no_faketime),
    Fault("everything stopped and started", restart_everything, 1.0),
)


def _nothing() -> None:
    pass


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # a supervisor that noticed has killed it
        os.kill(pid, number)


def _empty(directory: Path) -> None:
    for path in directory.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
