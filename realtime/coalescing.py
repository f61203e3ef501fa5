"""When a thread's next frame may go: at once while it is quiet, later the more readers it has. Pure."""

import heapq
from collections import deque
from collections.abc import Sequence
from typing import Final, Generic, TypeVar

REST_FACTOR: Final = 2.0  # a thread may keep its carrier busy half of the time, the rest is for all others
MAX_REST_SECONDS: Final = 0.2  # the delay that readers may notice
HEAVY_SECONDS: Final = (
    0.005  # a thread whose delivery takes this long travels alone: others do not wait for it
)
MAX_HEAVY: Final = 10_000

Item = TypeVar("Item")


class Coalescer(Generic[Item]):
    """Holds what waits for its thread's next frame, in order.

    A thread is on its way from `take` to `done`, once at a time. Then it rests until REST_FACTOR times what a
    delivery costs has passed since it was taken, MAX_REST_SECONDS at most: what comes meanwhile travels
    together. Every operation costs the same however many threads wait. Times are seconds of one clock.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, list[Item]] = {}
        self._ready: deque[str] = deque()  # waiting, neither on their way nor resting
        self._taken: dict[str, float] = {}
        self._resting: set[str] = set()
        self._alarms: list[tuple[float, str]] = []  # a heap, one for each that rests
        self._heavy: dict[str, None] = {}

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._waiting)

    def add(self, key: str, item: Item) -> None:
        """`item` waits for the next frame of the thread `key`."""
        items = self._waiting.get(key)
        if items is not None:
            items.append(item)
            return
        self._waiting[key] = [item]
        if key not in self._taken and key not in self._resting:
            self._ready.append(key)

    def take(self, now: float, *, max_threads: int) -> list[tuple[str, Sequence[Item]]]:
        """What is due, thread by thread, the longest due first; a heavy thread alone."""
        self._wake(now)
        taken: list[tuple[str, Sequence[Item]]] = []
        while self._ready and len(taken) < max_threads:
            is_heavy = self._ready[0] in self._heavy
            if is_heavy and taken:
                break
            key = self._ready.popleft()
            self._taken[key] = now
            taken.append((key, self._waiting.pop(key)))
            if is_heavy:
                break
        return taken

    def done(self, key: str, delivery_seconds: float, now: float) -> None:
        """What was taken of the thread has been delivered, which keeps its carrier busy for so long."""
        rests_until = self._taken.pop(key) + min(REST_FACTOR * delivery_seconds, MAX_REST_SECONDS)
        self._heavy.pop(key, None)
        if delivery_seconds >= HEAVY_SECONDS:
            self._heavy[key] = None
            if len(self._heavy) > MAX_HEAVY:
                del self._heavy[next(iter(self._heavy))]
        if rests_until > now:
            self._resting.add(key)
            heapq.heappush(self._alarms, (rests_until, key))
        elif key in self._waiting:
            self._ready.append(key)

    def seconds_until_due(self, now: float) -> float | None:
        """How long until `take` may have something; None while only `add` or `done` can change that."""
        if self._ready:
            return 0.0
        if not self._waiting or not self._alarms:
            return None
        return max(0.0, self._alarms[0][0] - now)

    def _wake(self, now: float) -> None:
        while self._alarms and self._alarms[0][0] <= now:
            _, key = heapq.heappop(self._alarms)
            self._resting.discard(key)
            if key in self._waiting:
                self._ready.append(key)
