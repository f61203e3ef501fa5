"""How many connections a socket process may hold."""

import resource
from typing import Final

from comments import env

OTHER_FILES: Final = 200  # database, Redis, listeners, and what a request opens for a moment


def max_connections() -> int:
    """KIBITZ_MAX_CONNECTIONS (0 for any number), but no more than the process may have files open: one that
    has none left could not even read its database. Any number, too, where one address may hold any."""
    asked = env.max_connections() if env.max_sockets_per_address() else 0
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    possible = max(1, hard - OTHER_FILES)
    return min(asked, possible) if asked else possible


def max_live_connections() -> int:
    """Of those, how many may be readers': the rest is for requests."""
    return max(1, max_connections() * 9 // 10)


def raise_file_limit() -> None:
    """Lets this process have as many files open as it may let itself."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
