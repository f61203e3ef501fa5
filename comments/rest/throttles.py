"""How often one address, one author and a whole site may act. README.md has the table of all limits."""

import logging
import math
from functools import cache, lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Final

import redis
from django.http import HttpRequest

from comments import env
from comments.errors import Throttled
from comments.events.breaker import LeftAlone
from comments.rest.rates import Counted, OwnCounts, Rate, take_shared

logger = logging.getLogger(__name__)

MINUTE: Final = 60
HOUR: Final = 3600
RATES: Final = {  # of one address, and again of one author; a site made with --unlimited has none
    "post": (Rate(10, MINUTE), Rate(200, HOUR)),
    "edit": (Rate(30, MINUTE),),
    "vote": (Rate(60, MINUTE),),
    "flag": (Rate(10, MINUTE), Rate(60, HOUR)),
    "preview": (Rate(60, MINUTE),),
}
SITE_SCOPES: Final = {"post": "posts", "vote": "votes", "flag": "votes"}  # what a site's total rates count
READING: Final = Rate(6_000, MINUTE)  # what a front's cache lets through
# A page in use asks a few times a minute. Who asks no more often of one process is not counted in Redis: the
# round trip is a fifth of the cheapest call.
READING_UNCOUNTED: Final = Rate(60, MINUTE)


def check_rate(
    scope: str,
    request: HttpRequest,
    *,
    author_id: int | None = None,
    site_id: int = 0,
    site_per_minute: int = 0,
) -> None:
    """Counts one act; raises Throttled with the seconds to wait, and then it was counted nowhere.

    `site_per_minute` is the site's total rate, 0 for none. Without Redis each process counts for itself: a
    dead realtime tier must not stop posting, nor lift every limit.
    """
    counted = [(f"{scope}:address:{counted_address(client_address(request))}", rate) for rate in RATES[scope]]
    if author_id is not None:
        counted += [(f"{scope}:author:{author_id}", rate) for rate in RATES[scope]]
    if site_per_minute:
        counted.append((f"{SITE_SCOPES[scope]}:site:{site_id}", Rate(site_per_minute, MINUTE)))
    _require_room(_taken(counted))


def check_reading(request: HttpRequest) -> None:
    """Counts one reading call of an address that asks often; raises Throttled. Without Redis there is no
    limit, and this machine itself has none."""
    address = client_address(request)
    if _may_read_without_limit(address) or not env.max_sockets_per_address():
        return
    name = f"read:address:{counted_address(address)}"
    if not _own_readings().take([(name, READING_UNCOUNTED)]):
        return
    try:
        wait = take_shared([(name, READING)])
    except (LeftAlone, redis.RedisError):
        return
    _require_room(wait)


def client_address(request: HttpRequest) -> str:
    """The peer's address as the server in front tells it (Daphne reads X-Forwarded-For with
    KIBITZ_BEHIND_PROXY only)."""
    return str(request.META.get("REMOTE_ADDR") or "unknown")


@lru_cache(maxsize=4_096)
def counted_address(address: str) -> str:
    """What is counted as one address: of IPv6 the first half, for the other is the customer's to choose."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"


@lru_cache(maxsize=4_096)
def _may_read_without_limit(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return True  # a peer on a Unix socket that names nobody: a check of our own


def _taken(counted: list[Counted]) -> int:
    try:
        return take_shared(counted)
    except LeftAlone:
        pass
    except redis.RedisError as error:
        logger.warning("throttle without Redis: %s", error)
    return _own_counts().take(counted)


def _require_room(wait_ms: int) -> None:
    if wait_ms:
        raise Throttled(math.ceil(wait_ms / 1000))


@cache
def _own_counts() -> OwnCounts:
    return OwnCounts()


@cache
def _own_readings() -> OwnCounts:
    return OwnCounts()  # apart, or many readers would have the acts of writers forgotten
