"""How often one address, one author and a whole site may act: the `limits` library over Redis.

README.md has the table of all limits.
"""

import logging
import math
import time
from collections.abc import Sequence
from functools import cache, lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Final

import redis
from django.http import HttpRequest
from limits import RateLimitItem, RateLimitItemPerMinute, parse_many
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter, RateLimiter, SlidingWindowCounterRateLimiter

from comments import env
from comments.errors import Throttled
from comments.events import request_redis
from comments.events.breaker import LeftAlone
from comments.events.redis_clients import REQUEST_TIMEOUT_SECONDS, command_client

logger = logging.getLogger(__name__)

# How many acts may be, of which kind, and whose: of an "address", "author", "site" or "email", and which one.
Counted = tuple[RateLimitItem, str, str, str]

RATES: Final = {  # of one address, and again of one author; a site made with --unlimited has none
    "post": parse_many("10/minute; 200/hour"),
    "edit": parse_many("30/minute"),
    "vote": parse_many("60/minute"),
    "flag": parse_many("10/minute; 60/hour"),
    "preview": parse_many("60/minute"),
    "challenge": parse_many("30/minute"),  # one with each post that looks suspicious, and some that fail
    "signin": parse_many("30/minute; 200/hour"),
    "popup": parse_many("20/minute; 120/hour"),  # windows opened to sign in
    "handoff": parse_many("30/minute; 200/hour"),
    "digits": parse_many("10/minute; 60/hour"),
    "code": parse_many("5/minute; 30/hour"),  # mails with a code
    # Not of an address and an author, but of one e-mail address on all sites, and of a site.
    "code_mailbox": parse_many("5/hour"),
    "code_site": parse_many("60/minute; 1200/hour"),
    "code_tries": parse_many("10/hour"),  # wrong ones, of one e-mail address
    "profile": parse_many("10/minute; 60/hour"),
    "picture": parse_many("6/minute; 30/hour"),  # each is a second of a processor, or a call to Gravatar
    "typing": parse_many("120/minute"),  # of an office behind one address; a writer says it 15 times
}
SITE_SCOPES: Final = {"post": "posts", "vote": "votes", "flag": "votes"}  # what a site's total rates count
READING: Final = RateLimitItemPerMinute(6_000)  # what a front's cache lets through
# A page in use asks a few times a minute. Who asks no more often of one process is not counted in Redis, and
# waits for no round trip.
READING_UNCOUNTED: Final = RateLimitItemPerMinute(60)
# How many of those counts a process keeps: addresses may share one, and then are counted in Redis sooner.
# MemoryStorage walks through all that it holds, up to 100 times a second: 0.3 ms for so many.
READING_SLOTS: Final = 2_048


def check_rate(
    scope: str,
    request: HttpRequest,
    *,
    author_id: int | None = None,
    site_id: int = 0,
    site_per_minute: int = 0,
    also: Sequence[Counted] = (),
) -> None:
    """Counts one act; raises Throttled with the seconds to wait, and then it was counted nowhere.

    `site_per_minute` is the site's total rate, 0 for none; `also` is what else has to have room. Without
    Redis each process counts for itself: a dead realtime tier must not stop posting, nor lift every limit.
    """
    address = counted_address(client_address(request))
    acts = [*counted(scope, "address", address), *also]
    if author_id is not None:
        acts += counted(scope, "author", str(author_id))
    if site_per_minute:
        acts.append((RateLimitItemPerMinute(site_per_minute), SITE_SCOPES[scope], "site", str(site_id)))
    _require_room(_taken(acts))


def counted(scope: str, whose: str, which: str) -> list[Counted]:
    """What `check_rate` may count besides."""
    return [(rate, scope, whose, which) for rate in RATES[scope]]


def forget(acts: Sequence[Counted]) -> None:
    """Counts these from nothing again."""
    try:
        with request_redis.breaker.attempt():
            for act in acts:
                _shared_limiter().clear(*act)
    except (LeftAlone, redis.RedisError):
        for act in acts:
            _own_limiter().clear(*act)


def check_reading(request: HttpRequest) -> None:
    """Counts one reading call of an address that asks often; raises Throttled. Without Redis there is no
    limit, and this machine itself has none."""
    address = client_address(request)
    if _may_read_without_limit(address) or not env.max_sockets_per_address():
        return
    address = counted_address(address)
    if _own_readings().hit(READING_UNCOUNTED, str(hash(address) % READING_SLOTS)):
        return
    try:
        wait = _taken_in_redis([(READING, "read", "address", address)])
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


def _taken(counted: Sequence[Counted]) -> int:
    """Counts one act with all of them, or, where one of the rates is used up, with none: 0, or how many
    seconds until all have room."""
    try:
        return _taken_in_redis(counted)
    except LeftAlone:
        pass
    except redis.RedisError as error:
        logger.warning("throttle without Redis: %s", error)
    return _taken_by(_own_limiter(), counted)


def _taken_in_redis(counted: Sequence[Counted]) -> int:
    """Raises LeftAlone, RedisError."""
    with request_redis.breaker.attempt():
        try:
            return _taken_by(_shared_limiter(), counted)
        except redis.ResponseError as error:
            refusal = error
    # Raised here, out of the breaker's sight: that Redis refuses to count came at once, and need not keep it
    # from taking events.
    raise refusal


def _taken_by(limiter: RateLimiter, counted: Sequence[Counted]) -> int:
    refused: list[Counted] = []
    if len(counted) > 1:  # one alone that refuses is not counted anyway
        refused = [each for each in counted if not limiter.test(*each)]
    if not refused:  # others may come between the look and the count, and the count decides
        refused = [each for each in counted if not limiter.hit(*each)]
    if not refused:
        return 0
    room_at = max(limiter.get_window_stats(*each).reset_time for each in refused)
    return max(1, math.ceil(room_at - time.time()))


def _require_room(wait_seconds: int) -> None:
    if wait_seconds:
        raise Throttled(wait_seconds)


@cache
def _shared_limiter() -> RateLimiter:
    pool = command_client(env.redis_url(), timeout_seconds=REQUEST_TIMEOUT_SECONDS).connection_pool
    return SlidingWindowCounterRateLimiter(
        RedisStorage("redis://", connection_pool=pool, key_prefix="kibitz:rate")
    )


@cache
def _own_limiter() -> RateLimiter:
    return SlidingWindowCounterRateLimiter(MemoryStorage())


@cache
def _own_readings() -> RateLimiter:
    return FixedWindowRateLimiter(MemoryStorage())
