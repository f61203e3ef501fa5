"""How often somebody did something lately, and how long until they may again: a sliding window of two counts.

The acts of the window before are taken as evenly spread over it. A window begins with the first act, so that
nobody gets twice the limit by knowing when it turns.
"""

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import redis

from comments.events import request_redis

KEY_PREFIX: Final = "kibitz:rate:"
OWN_COUNTS_MAX: Final = 20_000  # 10 MB; whoever acted longest ago is forgotten first

# The same as `OwnCounts.take` in one round trip, by the clock of Redis, with nobody between the look and the
# count. KEYS are the counts, ARGV each one's limit and milliseconds; the answer is how many milliseconds to
# wait, 0 if the act was counted.
_TAKE: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local rolled, wait = {}, 0
for i, key in ipairs(KEYS) do
  local limit, window = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local kept = redis.call('HMGET', key, 'since', 'count', 'before')
  local since, count, before = tonumber(kept[1]) or now, tonumber(kept[2]) or 0, tonumber(kept[3]) or 0
  local windows = math.floor((now - since) / window)
  if windows == 1 then
    since, count, before = since + window, 0, count
  elseif windows ~= 0 then
    since, count, before = now, 0, 0
  end
  local into = now - since
  if count >= limit then
    wait = math.max(wait, math.floor(window - into + window * (1 - limit / count)) + 1)
  elseif before * (1 - into / window) + count >= limit then
    wait = math.max(wait, math.floor(window * (1 - (limit - count) / before) - into) + 1)
  end
  rolled[i] = {since, count, before, window}
end
if wait > 0 then return wait end
for i, key in ipairs(KEYS) do
  local kept = rolled[i]
  redis.call('HSET', key, 'since', kept[1], 'count', kept[2] + 1, 'before', kept[3])
  redis.call('PEXPIRE', key, 2 * kept[4])
end
return 0
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many acts in so many seconds."""

    limit: int
    seconds: int


# Whose acts of which kind are counted, and how many may be; no two with the same name and seconds.
Counted = tuple[str, Rate]


def take_shared(counted: Sequence[Counted]) -> int:
    """Counts one act with all of them, or, where one of the rates is used up, with none: 0, or how many
    milliseconds until all would have room. Raises LeftAlone, RedisError."""
    names = [f"{KEY_PREFIX}{name}:{rate.seconds}" for name, rate in counted]
    numbers = [number for _, rate in counted for number in (rate.limit, rate.seconds * 1000)]
    take: list[str | int | bytes] = ["EVAL", _TAKE, len(names), *names, *numbers]
    (wait,) = request_redis.ask(take, raise_on_error=False)
    # Raised here, out of the breaker's sight: that Redis refuses to count came at once, and need not keep it
    # from taking events.
    if isinstance(wait, redis.ResponseError):
        raise wait
    return int(wait)


class OwnCounts:
    """The same for one process, where there is no Redis. `clock` is in seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[Counted, tuple[int, int, int]] = {}  # since when, acts since then, acts before

    def take(self, counted: Sequence[Counted]) -> int:
        """What `take_shared` does."""
        now = round(self._clock() * 1000)
        with self._lock:
            rolled = [(each, self._rolled(each, now)) for each in counted]
            wait = max((_wait(rate, *kept, now=now) for (_, rate), kept in rolled), default=0)
            if not wait:
                for each, (since, count, before) in rolled:
                    self._kept.pop(each, None)  # to the end of the dict, which is in order
                    self._kept[each] = since, count + 1, before
                while len(self._kept) > OWN_COUNTS_MAX:
                    del self._kept[next(iter(self._kept))]
        return wait

    def _rolled(self, each: Counted, now: int) -> tuple[int, int, int]:
        since, count, before = self._kept.get(each, (now, 0, 0))
        window = each[1].seconds * 1000
        match (now - since) // window:
            case 0:
                return since, count, before
            case 1:
                return since + window, 0, count
        return now, 0, 0


def _wait(rate: Rate, since: int, count: int, before: int, *, now: int) -> int:
    window = rate.seconds * 1000
    into = now - since
    if count >= rate.limit:
        return math.floor(window - into + window * (1 - rate.limit / count)) + 1
    if before * (1 - into / window) + count >= rate.limit:
        return math.floor(window * (1 - (rate.limit - count) / before) - into) + 1
    return 0
