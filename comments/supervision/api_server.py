"""The stack's API server: Django under WSGI, behind the front, on a Unix socket that only it reaches."""

import sys
from collections.abc import Callable
from pathlib import Path
from signal import SIGTERM
from typing import Final

from comments.supervision.processes import Service

# A post waits for PostgreSQL's disk about as long as it computes; more threads only wait for each other.
THREADS_PER_WORKER: Final = 4
DRAIN_SECONDS: Final = 2  # what a request that is being answered may take after SIGTERM
RESPAWN_SECONDS: Final = 0.1  # before a worker that died gets its successor


def api_service(socket_path: Path, workers: int, *, ready: Callable[[], bool] | None = None) -> Service:
    """The process `api`: Granian with `workers` processes below it. Its pid is their parent's.

    Granian, because of what was measured it takes the least time a request; it reads HTTP in Rust.
    """
    return Service(
        name="api",
        argv=[
            *(sys.executable, "-m", "granian", "comments.wsgi:application", "--interface", "wsgi"),
            *("--uds", str(socket_path), "--http", "1", "--no-ws"),
            *("--workers", str(workers), "--blocking-threads", str(THREADS_PER_WORKER)),
            *("--respawn-failed-workers", "--respawn-interval", str(RESPAWN_SECONDS)),
            *("--workers-kill-timeout", str(DRAIN_SECONDS)),
            *("--log-level", "warning", "--no-access-log"),
        ],
        # The front alone reaches the socket, so what it says of the client is true; threads stay, so each
        # keeps its connection to the database.
        env={"KIBITZ_BEHIND_PROXY": "1", "KIBITZ_DATABASE_POOL": "0"},
        ready=ready,
        death_signal=SIGTERM,  # it ends its workers
    )
