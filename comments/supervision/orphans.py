"""What outlives the process that a service began with: it becomes the supervisor's child, and is ended.

nginx's workers, PostgreSQL's and the API's survive a master that is killed; they hold its ports, its shared
memory and its requests. Neither a process group (PostgreSQL's children leave it) nor a death signal (nginx's
have none) catches them all, but the kernel hands every orphan to the nearest ancestor that asked for it.
"""

import contextlib
import ctypes
import os
import sys
import time
from collections.abc import Collection
from pathlib import Path
from signal import SIGKILL
from typing import Final

PR_SET_CHILD_SUBREAPER: Final = 36  # linux/prctl.h
GONE_SECONDS: Final = 1.0  # the kernel closes a worker's ten thousands of sockets before it is gone

_libc = ctypes.CDLL(None, use_errno=True)


def adopt(wanted: bool) -> None:
    """Asks the kernel for the orphans among this process's descendants, or asks no longer."""
    if sys.platform == "linux" and _libc.prctl(PR_SET_CHILD_SUBREAPER, int(wanted), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def children() -> set[int]:
    """This process's children, those that have ended and wait for it (zombies) included."""
    own = str(os.getpid())
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has just gone
            after_name = path.read_bytes().rpartition(b")")[2].split()  # a name may hold anything
            if after_name[1].decode() == own:
                found.add(int(path.parent.name))
    return found


def end(*, known: Collection[int]) -> int:
    """Kills every child that is not `known`, waits a moment until they are gone; how many there were."""
    orphans = children().difference(known)
    for pid in orphans:
        os.kill(pid, SIGKILL)
    give_up_at = time.monotonic() + GONE_SECONDS
    waiting = set(orphans)
    while waiting and time.monotonic() < give_up_at:
        waiting = {pid for pid in waiting if os.waitpid(pid, os.WNOHANG) == (0, 0)}
        if waiting:
            time.sleep(0.005)
    return len(orphans)
