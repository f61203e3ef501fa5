"""The formatter: read events, group them by thread, publish frames, acknowledge.

Written with plain threads: realtime.__main__ patches them to greenlets, tests run them as they are.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Protocol

from comments.events.wire import EventEntry
from realtime.frames import Totals, build_frames, read_entry
from realtime.heads import Heads
from realtime.publisher import Frame, Publisher, PublishFailed
from realtime.stream import Batch, QueueUnavailable
from realtime.totals import LatestTotals

TAKE_OVER_EVERY_SECONDS: Final = 5.0
ANNOUNCE_EVERY_SECONDS: Final = 0.5
BACKOFF_SECONDS: Final = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)  # then 2 s each; a Redis restart takes about 0.2 s

logger = logging.getLogger(__name__)


class Queue(Protocol):
    """What the formatter needs of realtime.stream.EventQueue; see there."""

    def read(self) -> Batch: ...
    def acknowledge(
        self, stream: str, entry_ids: Sequence[str], event_ids: Sequence[int], counts: Mapping[str, int]
    ) -> None: ...
    def keep(self, batch: Batch) -> None: ...
    def claim(self) -> Iterable[Batch]: ...
    def adopt(self) -> Iterable[Batch]: ...
    def forget_gone_consumers(self) -> None: ...


class Formatter:
    """Carries batches from a queue to a publisher until `stop` is set.

    An entry is acknowledged only after its frame was published. While the carrier or Redis is away, the same
    batch is tried again, for as long as it takes. An entry that cannot be framed or published stays pending,
    alone, until the queue gives it up.
    """

    def __init__(
        self,
        queue: Queue,
        publisher: Publisher,
        stop: threading.Event,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue = queue
        self._publisher = publisher
        self._stop = stop
        self._clock = clock
        self._heads = Heads()
        self._latest_totals = LatestTotals()

    def run(self) -> None:
        """Works until `stop` is set, then finishes what it holds and returns."""
        greenlets = [
            threading.Thread(target=self._repeat, args=(work, every_seconds), name=work.__name__)
            for work, every_seconds in (
                (self.read_once, 0.0),
                (self.take_over_once, TAKE_OVER_EVERY_SECONDS),
                (self.announce_once, ANNOUNCE_EVERY_SECONDS),
            )
        ]
        for greenlet in greenlets:
            greenlet.start()
        for greenlet in greenlets:
            greenlet.join()
        self._announce(self._heads.drain())

    def read_once(self) -> None:
        """Takes what is new in the own stream, waiting up to a second for it; raises QueueUnavailable."""
        batch = self._queue.read()
        if batch.deliveries:
            self.process(batch)

    def take_over_once(self) -> None:
        """Takes what other processes left; raises QueueUnavailable."""
        for batch in self._queue.claim():
            self.process(batch)
        for batch in self._queue.adopt():
            self.process(batch)
        self._queue.forget_gone_consumers()

    def announce_once(self) -> None:
        """Re-announces the last seq of threads that fell quiet."""
        self._announce(self._heads.due(self._clock()))

    def process(self, batch: Batch) -> None:
        """Publishes a batch and acknowledges it; when stopped meanwhile, entries stay pending."""
        try:
            self._process(batch)
        except Exception:
            logger.exception("a batch of %d entries failed", len(batch.deliveries))
            if len(batch.deliveries) > 1:
                for delivery in batch.deliveries:
                    self.process(Batch(batch.stream, [delivery]))

    def _process(self, batch: Batch) -> None:
        entries = self._readable(batch)
        frames = build_frames(entries)
        unpublished = self._publish(batch, frames)
        if unpublished is None:
            return
        refused = {entry_id for frame in unpublished for entry_id in frame.entry_ids}
        published = [(entry_id, entry) for entry_id, entry in entries if entry_id not in refused]
        self._note(published)
        event_ids = [entry.id for _, entry in published if isinstance(entry, EventEntry)]
        counts = {
            "taken": len(batch.deliveries),
            "framed": len(entries),
            "published": len(published),
            "acknowledged": len(published),
            "frames": len(frames) - len(unpublished),
        }
        entry_ids = [entry_id for entry_id, _ in published]
        self._until_done(lambda: self._queue.acknowledge(batch.stream, entry_ids, event_ids, counts))

    def _readable(self, batch: Batch) -> list[tuple[str, EventEntry | Totals]]:
        """The entries that can be framed; one that cannot stays pending, so that the queue gives it up."""
        entries: list[tuple[str, EventEntry | Totals]] = []
        for entry_id, fields in batch.deliveries:
            try:
                entry = read_entry(fields)
            except ValueError as error:
                logger.warning("entry %s of %s cannot be read: %s", entry_id, batch.stream, error)
                continue
            if isinstance(entry, Totals):
                entry = self._latest_totals.newer(entry_id, entry)
            entries.append((entry_id, entry))
        return entries

    def _publish(self, batch: Batch, frames: Sequence[Frame]) -> list[Frame] | None:
        """The frames that the carrier refuses; waits while it is away; None when stopped meanwhile."""
        refused: list[Frame] = []

        def attempt() -> None:
            try:
                refused.extend(self._publisher.publish(frames))
            except PublishFailed as error:
                self._queue.keep(batch)
                raise QueueUnavailable(str(error)) from error

        if frames and not self._until_done(attempt):
            return None
        for frame in refused:
            logger.error("a frame of %d bytes for thread %s was refused", len(frame.text), frame.key)
        return refused

    def _note(self, published: Sequence[tuple[str, EventEntry | Totals]]) -> None:
        now = self._clock()
        for _, entry in published:
            if isinstance(entry, EventEntry):
                self._heads.note(entry.key, entry.epoch, entry.seq, now)

    def _announce(self, frames: Sequence[Frame]) -> None:
        """Best effort: when the carrier is away, readers find the end of the thread on coming back."""
        if not frames:
            return
        try:
            self._publisher.publish(frames)
        except PublishFailed as error:
            logger.warning("%d heads were not announced: %s", len(frames), error)

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
