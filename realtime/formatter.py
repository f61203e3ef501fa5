"""The formatter: read events, let them gather by thread, publish frames, acknowledge.

Written with plain threads: realtime.__main__ patches them to greenlets, tests run them as they are.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Protocol

from comments.events.wire import EventEntry, done_note
from realtime.frames import Totals, build_frames, read_entry
from realtime.heads import Heads
from realtime.holding import Held, Holding
from realtime.publisher import Frame, Published, Publisher, PublishFailed
from realtime.stream import Batch, QueueUnavailable
from realtime.totals import LatestTotals

FLUSHERS: Final = 16  # so many slow deliveries may be on their way before a quiet thread waits for one
TAKE_OVER_EVERY_SECONDS: Final = 5.0
# Posts that come faster than this share the work: of 300 a second each took 0.6 ms of CPU instead of 1.2.
READ_EVERY_SECONDS: Final = 0.01
ANNOUNCE_EVERY_SECONDS: Final = 0.5
BACKOFF_SECONDS: Final = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)  # then 2 s each; a Redis restart takes about 0.2 s

logger = logging.getLogger(__name__)


class Queue(Protocol):
    """What the formatter needs of realtime.stream.EventQueue; see there."""

    def read(self) -> Batch: ...
    def acknowledge(
        self, stream: str, entry_ids: Sequence[str], done: Sequence[str], counts: Mapping[str, int]
    ) -> None: ...
    def count(self, counts: Mapping[str, int]) -> None: ...
    def keep(self, stream: str, entry_ids: Sequence[str]) -> None: ...
    def claim(self) -> Iterable[Batch]: ...
    def adopt(self) -> Iterable[Batch]: ...
    def forget_gone_consumers(self) -> None: ...


class Formatter:
    """Carries entries from a queue to a publisher until `stop` is set.

    An entry is acknowledged only after its frame was published. While the carrier or Redis is away, the same
    frames are tried again, for as long as it takes. An entry that cannot be framed or published stays
    pending, alone, until the queue gives it up.
    """

    def __init__(
        self,
        queue: Queue,
        publisher: Publisher,
        stop: threading.Event,
        *,
        clock: Callable[[], float] = time.monotonic,
        delivered: Callable[[Sequence[EventEntry], Mapping[str, float]], None] = lambda events, seconds: None,
    ) -> None:
        """`delivered` is told of every event that was published, and what a delivery costs by thread; it may
        not wait."""
        self._queue = queue
        self._publisher = publisher
        self._stop = stop
        self._clock = clock
        self._delivered = delivered
        self._holding = Holding(clock)
        self._read_at = float("-inf")
        self._lock = threading.Lock()  # guards what follows
        self._heads = Heads()
        self._latest_totals = LatestTotals()

    def run(self) -> None:
        """Works until `stop` is set, then finishes what it holds and returns."""
        sources = [
            threading.Thread(target=self._repeat, args=(work, every_seconds), name=work.__name__)
            for work, every_seconds in (
                (self.read_once, 0.0),
                (self.take_over_once, TAKE_OVER_EVERY_SECONDS),
                (self.announce_once, ANNOUNCE_EVERY_SECONDS),
            )
        ]
        flushers = [threading.Thread(target=self._flush_until_drained, name="flush") for _ in range(FLUSHERS)]
        for thread in sources + flushers:
            thread.start()
        for thread in sources:
            thread.join()
        self._holding.drain()
        for thread in flushers:
            thread.join()
        self._announce(self._heads.drain())

    def read_once(self) -> None:
        """Takes in what is new in the own stream, waiting up to a second for it; raises QueueUnavailable.

        An entry after a quiet moment is taken at once, READ_EVERY_SECONDS later whatever has come meanwhile.
        """
        pause = self._read_at + READ_EVERY_SECONDS - self._clock()
        if pause > 0 and self._stop.wait(pause):
            return
        if self._holding.has_room():
            batch = self._queue.read()
            if batch.deliveries:
                self._read_at = self._clock()
                self.take_in(batch)

    def take_over_once(self) -> None:
        """Takes in what other processes left; raises QueueUnavailable."""
        self._keep_hold()
        for batch in self._queue.claim():
            self.take_in(batch)
        for batch in self._queue.adopt():
            self.take_in(batch)
            if not self._holding.has_room():
                break
        self._queue.forget_gone_consumers()

    def announce_once(self) -> None:
        """Re-announces the last seq of threads that fell quiet."""
        with self._lock:
            due = self._heads.due(self._clock())
        self._announce(due)

    def take_in(self, batch: Batch) -> None:
        """Lets the batch's entries wait for their threads' next frames.

        One that cannot be read stays pending, so that the queue gives it up.
        """
        entries = []
        for entry_id, fields in batch.deliveries:
            try:
                entry = read_entry(fields)
            except ValueError as error:
                logger.warning("entry %s of %s cannot be read: %s", entry_id, batch.stream, error)
                continue
            if isinstance(entry, Totals):
                with self._lock:
                    entry = self._latest_totals.newer(entry_id, entry)
            entries.append(Held(batch.stream, entry_id, entry, len(fields["data"])))
        self._holding.add(entries)

    def flush_once(self) -> bool:
        """Publishes and acknowledges what is due; False when nothing is.

        When stopped while the carrier is away, the entries stay pending.
        """
        flush = self._holding.take()
        if flush is None:
            return False
        delivery_seconds: Mapping[str, float] = {}
        try:
            delivery_seconds = self._carry(flush.entries)
        finally:
            self._holding.done(flush, delivery_seconds)
        return True

    def _carry(self, entries: Sequence[Held]) -> Mapping[str, float]:
        """Publishes and acknowledges; returns what a delivery costs by thread."""
        try:
            return self._publish_and_acknowledge(entries)
        except Exception:
            logger.exception("%d entries failed", len(entries))
            if len(entries) > 1:
                for held in entries:
                    self._carry([held])
            return {}

    def _publish_and_acknowledge(self, entries: Sequence[Held]) -> Mapping[str, float]:
        frames = build_frames([(held.entry_id, held.entry) for held in entries])
        published = self._publish(entries, frames)
        if published is None:
            return {}
        refused = {(frame.key, entry_id) for frame in published.refused for entry_id in frame.entry_ids}
        delivered = [held for held in entries if (held.entry.key, held.entry_id) not in refused]
        self._note(delivered, published.delivery_seconds)
        once = {"frames": len(frames) - len(published.refused), **published.counts}
        for stream in {held.stream: None for held in entries}:
            of_stream = [held for held in delivered if held.stream == stream]
            done = [
                done_note(held.entry.id, held.entry.epoch)
                for held in of_stream
                if isinstance(held.entry, EventEntry)
            ]
            framed = sum(held.stream == stream for held in entries)
            counts = {"framed": framed, "published": len(of_stream), **once}
            once = {}  # counted with the first stream
            self._acknowledge(stream, [held.entry_id for held in of_stream], done, counts)
        return published.delivery_seconds

    def _acknowledge(
        self, stream: str, entry_ids: Sequence[str], done: Sequence[str], counts: Mapping[str, int]
    ) -> None:
        self._until_done(lambda: self._queue.acknowledge(stream, entry_ids, done, counts))

    def _publish(self, entries: Sequence[Held], frames: Sequence[Frame]) -> Published | None:
        """Waits while the carrier is away; None when stopped meanwhile."""
        published = Published()

        def attempt() -> None:
            nonlocal published
            try:
                published = self._publisher.publish(frames)
            except PublishFailed as error:
                self._keep(entries)
                raise QueueUnavailable(str(error)) from error

        if frames and not self._until_done(attempt):
            return None
        for frame in published.refused:
            logger.error("a frame of %d characters for thread %s was refused", len(frame.text), frame.key)
        return published

    def _note(self, delivered: Sequence[Held], delivery_seconds: Mapping[str, float]) -> None:
        events = [held.entry for held in delivered if isinstance(held.entry, EventEntry)]
        with self._lock:
            now = self._clock()
            for event in events:
                self._heads.note(
                    event.key,
                    event.epoch,
                    event.seq,
                    now,
                    site=event.site,
                    delivery_seconds=delivery_seconds.get(event.key, 0.0),
                )
        self._delivered(events, delivery_seconds)

    def _announce(self, frames: Sequence[Frame]) -> None:
        """Best effort: when the carrier is away, readers find the end of the thread on coming back."""
        if not frames:
            return
        try:
            counts = self._publisher.publish(frames).counts
            if counts:
                self._queue.count(counts)
        except (PublishFailed, QueueUnavailable) as error:
            logger.warning("%d heads were not announced: %s", len(frames), error)

    def _keep_hold(self) -> None:
        """What waits long here, because carriers are slow, is nobody else's yet; nor this process's anew."""
        self._keep(self._holding.entries())

    def _keep(self, entries: Sequence[Held]) -> None:
        for stream in {held.stream: None for held in entries}:
            self._queue.keep(stream, [held.entry_id for held in entries if held.stream == stream])

    def _until_done(self, attempt: Callable[[], None]) -> bool:
        """Repeats `attempt` while Redis or the carrier is away; False when stopped before it succeeded."""
        tries = 0
        while True:
            try:
                attempt()
            except QueueUnavailable as error:
                if tries == 0:
                    logger.warning("waiting for Redis: %s", error)
                if self._stop.wait(BACKOFF_SECONDS[min(tries, len(BACKOFF_SECONDS) - 1)]):
                    return False
                tries += 1
            else:
                if tries:
                    logger.warning("Redis is back after %d tries", tries)
                return True

    def _repeat(self, work: Callable[[], None], every_seconds: float) -> None:
        """Runs `work` until stopped; nothing but stopping ends it."""
        while not self._stop.is_set():
            try:
                self._until_done(work)
            except Exception:
                logger.exception("%s failed", work.__name__)
                self._stop.wait(BACKOFF_SECONDS[-1])
            self._stop.wait(every_seconds)

    def _flush_until_drained(self) -> None:
        while self._holding.wait_until_due():
            self.flush_once()
