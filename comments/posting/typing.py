"""That somebody types, from readers whose live connection cannot say so: kept in Redis alone, for seconds."""

import logging
import time
from collections.abc import Callable

import redis

from comments import env
from comments.events import request_redis, wire
from comments.events.breaker import LeftAlone

logger = logging.getLogger(__name__)


def say_typing(site: str, key: str, by: str, *, clock: Callable[[], float] = time.time) -> None:
    """Counts one more who types in the thread, or the same for longer, and wakes the formatter that tells its
    readers. `by` is what a page load calls itself, and stands for nobody. Best effort: without Redis nothing
    is said."""
    now = clock()
    typists = wire.typists_set(key)
    try:
        request_redis.ask(
            ("ZADD", typists, f"{now + wire.TYPING_SECONDS:.3f}", by),
            ("ZREMRANGEBYSCORE", typists, "-inf", f"{now:.3f}"),
            ("EXPIRE", typists, 2 * wire.TYPING_SECONDS),
            ("PUBLISH", wire.typed_channel_of(key, env.formatter_count()), f"{key} {site}"),
        )
    except (LeftAlone, redis.RedisError) as error:
        logger.debug("typing is not told: %s", error)
