"""Which of the kernel's limits are too low for N readers with both ends on this machine, and raising them."""

import math
import resource
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from loadtest.reader_process import OPENING_AT_ONCE
from loadtest.readers import READERS_A_PROCESS

SYSCTL: Final = Path("/proc/sys")
PAIR_BYTES: Final = 16_000  # one reader: nginx's memory, the kernel's for both sockets, the client's share
WORKER_FILES: Final = 20_000  # what the push instance counts on for each of its workers


@dataclass(frozen=True, slots=True)
class Limit:
    """A sysctl that must be raised, and why."""

    name: str  # as sysctl writes it
    value: str
    needed: str
    reason: str

    @property
    def line(self) -> str:
        return f"{self.name} = {self.needed}"

    @property
    def path(self) -> Path:
        return _path(self.name)


def read_limit(name: str) -> str | None:
    try:
        return _path(name).read_text().strip()
    except OSError:
        return None


def _path(name: str) -> Path:
    return SYSCTL / name.replace(".", "/")


def too_low(readers: int, read: Callable[[str], str | None] = read_limit) -> list[Limit]:
    """The sysctls that stand in the way of so many readers; one that this kernel lacks does not."""
    margin = readers // 10 + 10_000
    knocking = math.ceil(readers / READERS_A_PROCESS) * OPENING_AT_ONCE
    single = [
        ("fs.file-max", 2 * readers + margin, "two open files a reader, one at each end"),
        (
            "net.netfilter.nf_conntrack_max",
            readers + margin,
            "each connection is tracked; above it packets drop",
        ),
        ("net.core.somaxconn", knocking, "connections that wait for accept()"),
        ("net.ipv4.tcp_max_syn_backlog", knocking, "connections that are half open"),
        (
            "net.core.netdev_max_backlog",
            readers // 8,
            "packets from one end to the other: keepalive probes of some seconds' connections go out at once",
        ),
    ]
    found = []
    for name, needed, reason in single:
        value = read(name)
        if value is not None and int(value) < needed:
            found.append(Limit(name, value, str(needed), reason))
    return found + _ranges(readers, read)


def _ranges(readers: int, read: Callable[[str], str | None]) -> list[Limit]:
    found = []
    value = read("net.ipv4.tcp_mem")
    if value is not None:
        # In pages. A quiet socket takes none; one post to all readers at once takes a page at each of them.
        low, pressure, high = (int(part) for part in value.split())
        if high < 2 * readers:
            needed = f"{max(low, readers)} {max(pressure, readers * 3 // 2)} {2 * readers}"
            reason = "pages of memory of all sockets' queues: one post to everybody fills one at each reader"
            found.append(Limit("net.ipv4.tcp_mem", " ".join(value.split()), needed, reason))
    value = read("net.ipv4.ip_local_port_range")
    if value is not None:
        first, last = (int(part) for part in value.split())
        if last - first < 20_000:
            reason = "ports of each of the readers' addresses"
            found.append(
                Limit("net.ipv4.ip_local_port_range", " ".join(value.split()), "10240 65000", reason)
            )
    return found


def shortages(readers: int) -> list[str]:
    """What no sysctl cures: memory, and files a process where less than the push instance counts on."""
    found = []
    free = memory_available()
    if free < readers * PAIR_BYTES:
        found.append(
            f"memory: {readers:,} readers need {readers * PAIR_BYTES >> 20:,} MiB, {free >> 20:,} are free"
        )
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < min(readers + 1_000, WORKER_FILES):
        found.append(
            f"files a process: {hard:,} (ulimit -Hn); the push instance's workers want {WORKER_FILES:,}"
        )
    return found


def raise_limits(limits: list[Limit]) -> None:
    """Sets them until the next boot. Raises OSError where that is not allowed."""
    for limit in limits:
        limit.path.write_text(limit.needed)


def memory_available() -> int:
    """Bytes that new work could have without swapping."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0
