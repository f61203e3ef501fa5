"""What waits for one push node, and the connections that carry it there."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from realtime.delivery import Delivery, Outcome
from realtime.push_connection import Answer, ConnectionLost, NoAnswer, PushConnection, get_request

CONNECTIONS: Final = 8  # so many heavy threads may be on their way before a light one waits for one
PIPELINED: Final = 16
PIPELINED_BYTES: Final = 256 * 1024
HEAVY_READERS: Final = 1_000  # 10 ms of fan-out: what is behind it on its connection would wait for it
LATE_SECONDS: Final = 1.0  # publish waits no longer
ANSWER_SECONDS: Final = 10.0
# One frame to a million readers took 32 s while others posted, and whatever is behind it on its worker waits.
ANSWER_SECONDS_PER_SOCKET: Final = 60e-6
MAX_FRAMES: Final = 20_000
MAX_BYTES: Final = 64 * 1024 * 1024
MAX_FRAMES_A_THREAD: Final = 16
MAX_COUNTS: Final = 50_000
COMPLAIN_EVERY_SECONDS: Final = 10.0

logger = logging.getLogger(__name__)


class _Lane:
    """The frames of one thread, in order; those in flight have left `waiting`."""

    __slots__ = ("in_flight_since", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[Delivery] = deque()
        self.in_flight_since: float | None = None


class NodeSender:
    """Carries frames to one node: in order for each thread, all threads beside each other, bounded.

    A node that refuses connections, breaks, takes 10 s to answer (more where it holds many sockets), or for
    which too much waits is stale: what waits is dropped, and nothing is taken until `recover`.
    """

    def __init__(self, address: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.address = address
        self.is_stale = False
        self.readers: dict[str, int] = {}  # by thread, of those that had any when last told
        self.caught_up: dict[str, str] = {}  # thread -> note that an answer has made untrue
        self._clock = clock
        self._changed = threading.Condition()
        self._lanes: dict[str, _Lane] = {}
        self._ready: deque[str] = deque()
        self._frames = 0
        self._bytes = 0
        self._in_flight = 0
        self._heard_at = 0.0
        self._complained_at = float("-inf")
        self._is_closed = False
        self._connections = [PushConnection(address, may_wait=self._may_wait) for _ in range(CONNECTIONS)]
        self._threads = [
            threading.Thread(target=self._work, args=(connection,), name="push", daemon=True)
            for connection in self._connections
        ]
        for thread in self._threads:
            thread.start()

    def offer(self, deliveries: Sequence[Delivery]) -> None:
        """Lets frames wait for the node; settles at once those that it cannot get.

        Nobody is made to wait for a node, or a thread, whose answers are late.
        """
        with self._changed:
            now = self._clock()
            node_is_late = self._in_flight > 0 and now - self._heard_at > LATE_SECONDS
            for delivery in deliveries:
                is_full = self._frames >= MAX_FRAMES or self._bytes >= MAX_BYTES
                if is_full and not self.is_stale:
                    self._fall_stale(f"{self._frames} frames wait for it")
                if self.is_stale:
                    delivery.settle(Outcome.MISSED)
                    continue
                self._add(delivery, now, node_is_late=node_is_late)
            self._changed.notify(-(-len(self._ready) // PIPELINED))

    def holds(self, key: str) -> bool:
        """Whether frames of the thread wait or are in flight."""
        return key in self._lanes

    def answers(self) -> bool:
        """Asks the node whether it is well, on a connection of its own; blocks for some seconds at most."""
        answer = self._asked("/healthz")
        return answer is not None and answer.status == 200

    def recover(self) -> None:
        """Takes frames again."""
        with self._changed:
            self.is_stale = False
        logger.warning("push node %s is back", self.address)

    def close(self) -> None:
        """Drops what waits and ends the connections."""
        with self._changed:
            self._is_closed = True
            self._drop()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _may_wait(self, seconds: float) -> bool:
        """Whether an answer may still come, after so many seconds of nothing: the more sockets, the longer a
        fan-out takes; and a node that does not even say how many it holds is not busy, but gone."""
        if seconds < ANSWER_SECONDS:
            return True
        status = self._asked("/status")
        return (
            status is not None and seconds < ANSWER_SECONDS + ANSWER_SECONDS_PER_SOCKET * status.subscribers
        )

    def _asked(self, path: str) -> Answer | None:
        """On a connection of its own; None where no answer comes at once."""
        connection = PushConnection(self.address, may_wait=lambda seconds: seconds < LATE_SECONDS)
        try:
            return next(connection.exchange([get_request(path)]))
        except ConnectionLost:
            return None
        finally:
            connection.close()

    def _add(self, delivery: Delivery, now: float, *, node_is_late: bool) -> None:
        key = delivery.frame.key
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane()
            self._ready.append(key)
        is_late = lane.in_flight_since is not None and now - lane.in_flight_since > LATE_SECONDS
        if is_late and len(lane.waiting) >= MAX_FRAMES_A_THREAD:
            delivery.settle(Outcome.MISSED)
            return
        lane.waiting.append(delivery)
        self._frames += 1
        self._bytes += len(delivery.request)
        if is_late or node_is_late:
            delivery.stop_waiting()

    def _work(self, connection: PushConnection) -> None:
        while batch := self._take():
            try:
                self._carry(connection, deque(batch))
            except Exception:
                logger.exception("%d frames for push node %s failed", len(batch), self.address)
                connection.close()
                for delivery in batch:
                    if delivery.outcome is Outcome.WAITING:
                        delivery.settle(Outcome.MISSED)
            self._finish(batch)
        connection.close()

    def _take(self) -> list[Delivery]:
        """The next frames for one connection; waits for some; none when closed."""
        with self._changed:
            while not self._ready and not self._is_closed:
                self._changed.wait()
            if self._is_closed:
                return []
            now = self._clock()
            batch: list[Delivery] = []
            batch_bytes = 0
            while self._ready and len(batch) < PIPELINED and batch_bytes < PIPELINED_BYTES:
                is_heavy = self.readers.get(self._ready[0], 0) >= HEAVY_READERS
                if is_heavy and batch:
                    break
                lane = self._lanes[self._ready.popleft()]
                lane.in_flight_since = now
                while lane.waiting and len(batch) < PIPELINED and batch_bytes < PIPELINED_BYTES:
                    batch.append(lane.waiting.popleft())
                    batch_bytes += len(batch[-1].request)
                if is_heavy:
                    break
            if not self._in_flight:
                self._heard_at = now
            self._in_flight += 1
            self._frames -= len(batch)
            self._bytes -= batch_bytes
            if self._ready:
                self._changed.notify()
            return batch

    def _carry(self, connection: PushConnection, waiting: deque[Delivery]) -> None:
        """Settles each delivery: by the node's answer, or, when it breaks, as missed."""
        while waiting and not self.is_stale and not self._is_closed:
            # The node may have closed a connection that lay idle, and closes one after a 413.
            may_be_old = connection.is_open
            left = len(waiting)
            try:
                for answer in connection.exchange([delivery.request for delivery in waiting]):
                    self._settle(waiting.popleft(), answer)
            except NoAnswer as error:
                self._fall_stale(str(error))
            except ConnectionLost as error:
                if not may_be_old and len(waiting) == left:
                    self._fall_stale(str(error))
        for delivery in waiting:
            delivery.settle(Outcome.MISSED)

    def _settle(self, delivery: Delivery, answer: Answer) -> None:
        key = delivery.frame.key
        self._heard_at = self._clock()
        if answer.status in (201, 202):
            remember(self.readers, key, answer.subscribers)
            delivery.settle(Outcome.TAKEN)
            if delivery.is_noted:
                self.caught_up[key] = delivery.note
            return
        if self._heard_at - self._complained_at > COMPLAIN_EVERY_SECONDS:
            self._complained_at = self._heard_at
            logger.warning("push node %s answers %d", self.address, answer.status)
        delivery.settle(Outcome.REFUSED if answer.status == 413 else Outcome.MISSED)

    def _finish(self, batch: Sequence[Delivery]) -> None:
        with self._changed:
            self._in_flight -= 1
            for key in {delivery.frame.key for delivery in batch}:
                lane = self._lanes[key]
                lane.in_flight_since = None
                if lane.waiting:
                    self._ready.append(key)
                else:
                    del self._lanes[key]

    def _fall_stale(self, reason: str) -> None:
        with self._changed:
            if not self.is_stale:
                logger.warning("push node %s is stale: %s", self.address, reason)
                self.is_stale = True
            self._drop()

    def _drop(self) -> None:
        """Settles what waits as missed, and ends what is in flight."""
        self._ready.clear()
        for key, lane in list(self._lanes.items()):
            for delivery in lane.waiting:
                delivery.settle(Outcome.MISSED)
            lane.waiting.clear()
            if lane.in_flight_since is None:
                del self._lanes[key]
        self._frames = self._bytes = 0
        for connection in self._connections:
            connection.abort()


def remember(counts: dict[str, int], key: str, count: int) -> None:
    """Keeps the newest MAX_COUNTS that are not 0."""
    counts.pop(key, None)
    if count:
        counts[key] = count
        if len(counts) > MAX_COUNTS:
            del counts[next(iter(counts))]
