"""The one place that makes Redis clients, because redis-py's own time-outs are traps; imports no Django."""

from typing import Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

CONNECT_TIMEOUT_SECONDS: Final = 0.5  # Redis is on this machine or the next; a request must not wait longer
COMMAND_TIMEOUT_SECONDS: Final = 2.0
BLOCKING_MARGIN_SECONDS: Final = (
    5.0  # what a blocking read may take beyond its block time before it counts as dead
)
_NO_RETRY: Final = Retry(
    NoBackoff(), 0
)  # whoever calls decides; a silent retry in a request triples its wait


def command_client(url: str) -> "redis.Redis":
    """A client for ordinary commands, safe to share between threads; raises redis.RedisError within 2 s."""
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        socket_connect_timeout=CONNECT_TIMEOUT_SECONDS,
        socket_timeout=COMMAND_TIMEOUT_SECONDS,
        retry=_NO_RETRY,
    )


def blocking_client(url: str, *, block_seconds: float) -> "redis.Redis":
    """A client for one blocking read at a time, never shared.

    redis-py 8 sets socket_timeout to 5 s by default, which ends a longer blocking read with an error
    (redis-py 4091); here it lies above the block time.
    """
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        socket_connect_timeout=CONNECT_TIMEOUT_SECONDS,
        socket_timeout=block_seconds + BLOCKING_MARGIN_SECONDS,
        retry=_NO_RETRY,
    )
