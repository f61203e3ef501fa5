"""CPU and memory by service, out of /proc; Linux only."""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes: each service's in user space (PSS: shared pages count once), and what the kernel keeps."""

    services: Mapping[str, int]
    slab: int  # sockets, files, dentries
    queues: int  # what waits in all TCP sockets
    available: int


def cpu_seconds(leaders: Mapping[str, int | Iterable[int]]) -> dict[str, float]:
    """User and system time so far by name, for each leader with everything below it."""
    stats = _stats()
    families = _families(leaders, {pid: parent for pid, (parent, _) in stats.items()})
    return {
        name: sum(stats[pid][1] for pid in pids if pid in stats) / TICKS_A_SECOND
        for name, pids in families.items()
    }


def busy_seconds() -> tuple[float, float]:
    """(busy, all) CPU seconds of the machine so far; iowait counts as idle."""
    fields = [int(field) for field in (PROC / "stat").read_text().split("\n", 1)[0].split()[1:9]]
    idle = fields[3] + fields[4]
    return (sum(fields) - idle) / TICKS_A_SECOND, sum(fields) / TICKS_A_SECOND


def memory(leaders: Mapping[str, int | Iterable[int]]) -> Memory:
    """Now. PSS takes the kernel a walk over every page: a second or two with a million readers."""
    families = _families(leaders, {pid: parent for pid, (parent, _) in _stats().items()})
    info = {
        line.split(":")[0]: int(line.split()[1]) * 1024
        for line in (PROC / "meminfo").read_text().splitlines()
    }
    return Memory(
        services={name: sum(_pss(pid) for pid in pids) for name, pids in families.items()},
        slab=info["Slab"],
        queues=_socket_pages() * PAGE_BYTES,
        available=info["MemAvailable"],
    )


def _stats() -> dict[int, tuple[int, int]]:
    """Each process's parent and ticks of CPU time (proc(5): fields 4, 14 and 15)."""
    stats = {}
    for path in PROC.glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):  # ended meanwhile
            continue
        stats[int(path.parent.name)] = int(fields[1]), int(fields[11]) + int(fields[12])
    return stats


def _families(leaders: Mapping[str, int | Iterable[int]], parents: Mapping[int, int]) -> dict[str, list[int]]:
    children = defaultdict(list)
    for pid, parent in parents.items():
        children[parent].append(pid)
    families = {}
    for name, heads in leaders.items():
        family = [heads] if isinstance(heads, int) else list(heads)
        for pid in family:  # grows while it is walked
            family.extend(children[pid])
        families[name] = family
    return families


def _pss(pid: int) -> int:
    try:
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:  # ended meanwhile, or somebody else's
        pass
    return 0


def _socket_pages() -> int:
    for line in (PROC / "net" / "sockstat").read_text().splitlines():
        if line.startswith("TCP:"):
            fields = line.split()
            return int(fields[fields.index("mem") + 1])
    return 0
