"""How many comments the threads of a site have, told live to pages that show only that."""

import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple

import redis

from comments.events.redis_clients import command_client
from comments.events.wire import EventEntry, counts_channel, counts_hash, counts_turn
from realtime.beside import repeat
from realtime.publisher import Frame, Publisher

PAUSE_SECONDS: Final = 1.0  # between two frames of a site, by whichever formatters
# A site whose pages have crowds of readers waits longer, so that counts take a tenth of a carrier's time.
PAUSE_FACTOR: Final = 10.0
MAX_PAUSE_SECONDS: Final = 60.0
# A page that opened its socket a moment after it had asked hears again of what came in between: the answer
# may be a second old, and the socket is opened at once.
AGAIN_SECONDS: Final = 4.0
KEEP_SECONDS: Final = 2 * int(MAX_PAUSE_SECONDS)
TICK_SECONDS: Final = 0.25
IDLE_SECONDS: Final = 1.0  # how long a stop signal may wait
MAX_THREADS_A_FRAME: Final = 400  # some 45 KB
# Every event tells the count after it (events.shapes); an edit changes none.
_COUNTED: Final = re.compile(r'\{"seq":\d+,"type":"(?!post\.edited)[a-z.]+","posts":(\d+)[,}]')


class Count(NamedTuple):
    """How many published posts a thread has as of one of its numbers."""

    posts: int
    epoch: str
    seq: int
    is_repeat: bool = False


class SiteCounts:
    """Takes note of what events say, and publishes `{"counts": …, "heads": …}` on the site's own channel.

    What several formatters have of a site meets in Redis, and whose turn it is tells it all: at most one
    frame a second a site (more where one frame cannot hold it). Counts are totals of which the newest holds,
    and those that got lost are mended by the next, or when a page asks again. Nothing waits for this.
    """

    def __init__(
        self, url: str, publisher: Publisher, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client: Any = command_client(url)  # Any: redis-py types every answer as "this, or an Awaitable"
        self._publisher = publisher
        self._clock = clock
        self._pauses: dict[str, float] = {}  # of sites that wait longer than PAUSE_SECONDS
        self._in_redis: set[str] = set()  # sites that have something there, and had no turn yet
        self._lock = threading.Lock()  # guards what follows
        self._waiting: dict[str, dict[str, Count]] = {}  # site -> thread key -> count
        self._again: deque[tuple[float, str, Mapping[str, Count]]] = deque()
        self._noted = threading.Event()

    def note(self, events: Iterable[EventEntry]) -> None:
        """Takes the counts out of events that were published; touches nothing but memory."""
        with self._lock:
            for event in events:
                counted = _COUNTED.match(event.data)
                if counted and event.site:
                    self._add(event.site, event.key, Count(int(counted[1]), event.epoch, event.seq))
            if self._waiting:
                self._noted.set()

    def run(self, stop: threading.Event) -> None:
        """Works until `stop` is set; nothing but that ends it."""
        repeat(lambda: self._take_turn(stop), stop, what="counts")
        self._client.close()

    def _take_turn(self, stop: threading.Event) -> None:
        if not self._in_redis:
            self._noted.wait(IDLE_SECONDS)
        self.tell()
        stop.wait(TICK_SECONDS)

    def tell(self) -> None:
        """Publishes what waits, of sites whose turn it is. Raises redis.RedisError, PublishFailed."""
        waiting = self._taken()
        try:
            turns = self._turns(waiting)
            counts = self._gathered(turns)
        except redis.RedisError:
            with self._lock:
                for site, of_site in waiting.items():
                    for key, count in of_site.items():
                        self._add(site, key, count)
            raise
        self._in_redis = (self._in_redis | waiting.keys()) - set(turns)
        frames = [frame for site, of_site in counts.items() for frame in counts_frames(site, of_site)]
        if frames:
            self._slow_down(frames, self._publisher.publish(frames).delivery_seconds)

    def _add(self, site: str, key: str, count: Count) -> None:
        of_site = self._waiting.setdefault(site, {})
        known = of_site.get(key)
        if known is None or known.epoch != count.epoch or known.seq < count.seq:
            of_site[key] = count

    def _taken(self) -> dict[str, dict[str, Count]]:
        """What waits, and what is to be said again, which is then to be said again itself."""
        now = self._clock()
        with self._lock:
            while self._again and self._again[0][0] <= now:
                _, site, counts = self._again.popleft()
                for key, count in counts.items():
                    self._add(site, key, count)
            waiting, self._waiting = self._waiting, {}
            self._noted.clear()
            for site, of_site in waiting.items():
                news = {k: c._replace(is_repeat=True) for k, c in of_site.items() if not c.is_repeat}
                if news:
                    self._again.append((now + AGAIN_SECONDS, site, news))
        return waiting

    def _turns(self, waiting: Mapping[str, Mapping[str, Count]]) -> list[str]:
        """Puts what waits into Redis, and returns the sites whose turn it is."""
        sites = [*waiting, *(self._in_redis - waiting.keys())]
        if not sites:
            return []
        pipeline = self._client.pipeline(transaction=False)
        for site in sites:
            if site in waiting:
                told = {key: f"{c.posts} {c.epoch} {c.seq}" for key, c in waiting[site].items()}
                pipeline.hset(counts_hash(site), mapping=told)
                pipeline.expire(counts_hash(site), KEEP_SECONDS)
        for site in sites:
            pause_seconds = self._pauses.get(site, PAUSE_SECONDS)
            pipeline.set(counts_turn(site), 1, nx=True, px=int(pause_seconds * 1000))
        answers = pipeline.execute()[-len(sites) :]
        return [site for site, is_turn in zip(sites, answers, strict=True) if is_turn]

    def _gathered(self, sites: Collection[str]) -> dict[str, dict[str, Count]]:
        """What all formatters put there of these sites, which nobody else tells then."""
        if not sites:
            return {}
        pipeline = self._client.pipeline(transaction=True)
        for site in sites:
            pipeline.hgetall(counts_hash(site))
            pipeline.delete(counts_hash(site))
        answers = pipeline.execute()[::2]
        return {
            site: {key: _parsed(text) for key, text in told.items()}
            for site, told in zip(sites, answers, strict=True)
        }

    def _slow_down(self, frames: Iterable[Frame], delivery_seconds: Mapping[str, float]) -> None:
        for frame in frames:
            pause_seconds = min(PAUSE_FACTOR * delivery_seconds.get(frame.key, 0.0), MAX_PAUSE_SECONDS)
            self._pauses.pop(frame.site, None)
            if pause_seconds > PAUSE_SECONDS:
                self._pauses[frame.site] = pause_seconds


def counts_frames(site: str, counts: Mapping[str, Count]) -> list[Frame]:
    """The fewest frames that tell a site's counts."""
    keys = list(counts)
    frames = []
    for start in range(0, len(keys), MAX_THREADS_A_FRAME):
        part = {key: counts[key] for key in keys[start : start + MAX_THREADS_A_FRAME]}
        told = {
            "counts": {key: count.posts for key, count in part.items()},
            "heads": {key: {"epoch": count.epoch, "seq": count.seq} for key, count in part.items()},
        }
        frames.append(Frame(counts_channel(site), json.dumps(told, separators=(",", ":")), site=site))
    return frames


def _parsed(text: str) -> Count:
    posts, _, head = text.partition(" ")
    epoch, _, seq = head.rpartition(" ")
    return Count(int(posts), epoch, int(seq))
