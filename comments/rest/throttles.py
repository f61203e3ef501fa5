"""How often one address or author may act: the `limits` library over Redis."""

import logging
import math
import time
from functools import cache

from django.http import HttpRequest
from limits import RateLimitItem, parse_many
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from redis import ConnectionPool, RedisError

from comments import env
from comments.errors import Throttled
from comments.events.redis_clients import command_client

logger = logging.getLogger(__name__)

RATES = {  # per address; a site made with --unlimited has none
    "post": parse_many("10/minute; 200/hour"),
    "edit": parse_many("30/minute"),
    "vote": parse_many("60/minute"),
    "flag": parse_many("10/minute; 60/hour"),
    "preview": parse_many("60/minute"),
}


def check_rate(scope: str, request: HttpRequest) -> None:
    """Counts one act of this address; raises Throttled with the seconds to wait.

    Without Redis each process counts for itself: a dead realtime tier must not stop posting.
    """
    address = client_address(request)
    for limiter in (_shared_limiter(), _own_limiter()):
        try:
            for rate in RATES[scope]:
                _hit(limiter, rate, scope, address)
            return
        except (RedisError, StorageError) as error:
            logger.warning("throttle without Redis: %s", error)


def _hit(limiter: SlidingWindowCounterRateLimiter, rate: RateLimitItem, scope: str, address: str) -> None:
    if not limiter.hit(rate, scope, address):
        reset_at = limiter.get_window_stats(rate, scope, address).reset_time
        raise Throttled(math.ceil(reset_at - time.time()))


def client_address(request: HttpRequest) -> str:
    """The peer's address as the server in front tells it (Daphne reads X-Forwarded-For with
    KIBITZ_BEHIND_PROXY only)."""
    return str(request.META.get("REMOTE_ADDR") or "unknown")


@cache
def _shared_limiter() -> SlidingWindowCounterRateLimiter:
    pool: ConnectionPool = command_client(env.redis_url()).connection_pool
    return SlidingWindowCounterRateLimiter(
        RedisStorage("redis://", connection_pool=pool, wrap_exceptions=True, key_prefix="kibitz:rate")
    )


@cache
def _own_limiter() -> SlidingWindowCounterRateLimiter:
    return SlidingWindowCounterRateLimiter(MemoryStorage())
