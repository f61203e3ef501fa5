"""How much the queue holds in Redis's memory, and whether there is room for more."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

import redis

from comments import env
from comments.errors import QueueFull
from comments.events import request_redis, wire
from comments.events.breaker import LeftAlone

logger = logging.getLogger(__name__)

LOOK_EVERY_SECONDS: Final = 1.0  # a second of posts is a few megabytes


class QueueMeter:
    """What the streams hold, as Redis told within the last second. Safe to share between threads."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._looking = threading.Lock()
        self._look_at = float("-inf")
        self._size_bytes = 0
        self._streams: set[str] = set()

    def is_full(self) -> bool:
        """Whether the streams hold KIBITZ_QUEUE_MAX_MB or more; False where Redis does not say."""
        most = env.queue_max_bytes()
        if not most:
            return False
        if self._clock() >= self._look_at and self._looking.acquire(blocking=False):
            try:
                was_full = self._size_bytes >= most
                self._size_bytes = self._measured()
                self._look_at = self._clock() + LOOK_EVERY_SECONDS
                if was_full != (self._size_bytes >= most):
                    logger.warning(
                        "queue: %s at %d bytes", "room again" if was_full else "full", self._size_bytes
                    )
            finally:
                self._looking.release()
        return self._size_bytes >= most

    def _measured(self) -> int:
        """The sum over all streams, or 0 where it is unknown. Redis estimates each from a few samples, in
        microseconds whatever its length."""
        own = {wire.stream_name(index) for index in range(env.formatter_count())}
        sizes = [("MEMORY", "USAGE", stream) for stream in self._streams | own]
        try:
            streams, *answers = request_redis.ask(("SMEMBERS", wire.STREAMS), *sizes, raise_on_error=False)
        except (LeftAlone, redis.RedisError):
            return 0
        if not isinstance(streams, redis.ResponseError):
            self._streams = set(streams)  # whose sizes are asked for from the next time on
        return sum(answer for answer in answers if isinstance(answer, int))


meter: Final = QueueMeter()


def require_room() -> None:
    """Raises QueueFull where the queue should take nothing that can wait."""
    if meter.is_full():
        raise QueueFull()
