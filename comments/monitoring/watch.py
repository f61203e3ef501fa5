"""What the sweeper does for those who watch: says that it is there, and from when the counters count."""

import json
import time
from collections.abc import Callable
from typing import Any, Final

import redis

from comments.events import wire
from comments.monitoring.pipeline import BEGAN, stream_names
from comments.monitoring.queries import Accepted, count_accepted

SAMPLE_EVERY_SECONDS: Final = 10.0
SAMPLES_KEPT: Final = 7  # a minute, and the one before

# What the counters, the streams and the done list hold at one moment, so that from then on the sums agree.
_BEGIN: Final = """
local counters, length = redis.call('HGETALL', KEYS[1]), 0
for i = 1, #counters, 2 do
  if string.sub(counters[i], 1, #ARGV[2]) ~= ARGV[2] then
    redis.call('HSET', KEYS[1], ARGV[2] .. counters[i], counters[i + 1])
  end
end
for i = 3, #KEYS do length = length + redis.call('XLEN', KEYS[i]) end
redis.call('HSET', KEYS[1], ARGV[2] .. 'at', ARGV[1], ARGV[2] .. 'length', length,
  ARGV[2] .. 'to_mark', redis.call('LLEN', KEYS[2]))
"""


class Watch:
    """To be called twice a second. Raises redis.RedisError and what the database raises."""

    def __init__(
        self,
        client: redis.Redis,
        *,
        count: Callable[[], Accepted] = count_accepted,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client: Any = client
        self._count = count
        self._clock = clock
        self._begin = client.register_script(_BEGIN)
        self._sample_at = 0.0

    def __call__(self) -> None:
        now = self._clock()
        self._client.set(wire.SWEEPER, f"{now:.3f}")
        if not self._client.hexists(wire.COUNTERS, BEGAN + "written"):
            self._begin_counting(now)
        if now >= self._sample_at:
            self._sample_at = now + SAMPLE_EVERY_SECONDS
            self._sample(now)

    def _begin_counting(self, now: float) -> None:
        """Redis first, then the database: what is written in between counts as enqueued and not as written,
        and so never looks as if it had been lost."""
        self._begin(
            keys=[wire.COUNTERS, wire.DONE, *stream_names(self._client)],
            args=[int(now), BEGAN],
        )
        counted = self._count()
        self._client.hset(
            wire.COUNTERS, mapping={BEGAN + "accepted": counted.posts, BEGAN + "written": counted.events}
        )

    def _sample(self, now: float) -> None:
        counters = self._client.hgetall(wire.COUNTERS)
        stages = {name: int(value) for name, value in counters.items() if not name.startswith(BEGAN)}
        self._client.lpush(wire.SAMPLES, json.dumps([now, stages]))
        self._client.ltrim(wire.SAMPLES, 0, SAMPLES_KEPT - 1)
        ended = [
            process
            for process, value in self._client.hgetall(wire.SOCKETS).items()
            if float(value.split()[1]) < now
        ]
        if ended:
            self._client.hdel(wire.SOCKETS, *ended)
