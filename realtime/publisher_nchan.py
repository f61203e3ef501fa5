"""Publishes frames to nginx push nodes (Nchan): to every node of the site's cell, each by itself."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import lru_cache, partial
from typing import Final

from comments.cells import Cell, cell_of
from comments.events.wire import at_node
from realtime.delivery import Countdown, Delivery, Outcome
from realtime.frames import head_frame
from realtime.missed import Missed
from realtime.node_sender import LATE_SECONDS, NodeSender, remember
from realtime.presence_store import bucketed
from realtime.publisher import Frame, Published, PublishFailed
from realtime.push_connection import post_request

SECONDS_PER_DELIVERY: Final = 10e-6  # of a core, kernel included, to one socket (peers measured 6-13)
LATE_DELIVERY_SECONDS: Final = 25.0  # of a frame that no answer tells of yet: a million readers take 20
DEFLATE_FROM_BYTES: Final = 1024  # halves it, for 30 to 90 µs of the node once; 600 bytes become 365
MAX_FRAME_BYTES: Final = 256 * 1024  # nginx/push.conf refuses a larger body
PROBE_EVERY_SECONDS: Final = 0.5
TELL_EVERY_SECONDS: Final = 2.0
COUNT_LATE_EVERY_SECONDS: Final = 1.0

logger = logging.getLogger(__name__)


class NchanPublisher:
    """The Publisher over Nchan.

    A call returns when every node has answered, after LATE_SECONDS at the latest. What a node could not take,
    or has not answered by then, is noted in Redis; when the node is well, the last number of each thread that
    it missed is announced on it. So no node waits for another, and a call fails only where Redis is away too.
    """

    def __init__(self, cells: tuple[Cell, ...], missed: Missed) -> None:
        self._cell_of = lru_cache(maxsize=10_000)(partial(cell_of, cells=cells))
        self._missed = missed
        addresses = {node.publish: None for cell in cells for node in cell.nodes}
        self._senders = {address: NodeSender(address) for address in addresses}
        self._shown: dict[str, int] = {}
        self._lock = threading.Lock()  # guards what follows
        self._uncounted: list[tuple[str, Delivery]] = []  # on their way when the call that sent them returned
        self._count_late_at = 0.0
        self._stop = threading.Event()
        self._probers = [
            threading.Thread(target=self._look_after, args=(sender,), name="probe", daemon=True)
            for sender in self._senders.values()
        ]
        for prober in self._probers:
            prober.start()

    def publish(self, frames: Sequence[Frame]) -> Published:
        """See Publisher; the frames of sites without a cell have no readers here."""
        refused = []
        by_sender: dict[NodeSender, list[tuple[Frame, bytes]]] = {}
        for frame in frames:
            senders = self._senders_of(frame.site)
            if not senders:
                continue
            body = self._with_readers(frame, senders).encode()
            if len(body) > MAX_FRAME_BYTES:
                refused.append(frame)
                continue
            request = _request(frame.key, body)
            for sender in senders:
                by_sender.setdefault(sender, []).append((frame, request))
        deliveries = self._deliver(by_sender)
        for sender_refused in deliveries.values():
            refused += [
                delivery.frame
                for delivery in sender_refused
                if delivery.outcome is Outcome.REFUSED and delivery.frame not in refused
            ]
        late = {
            delivery.frame.key
            for of_sender in deliveries.values()
            for delivery in of_sender
            if delivery.outcome is Outcome.WAITING
        }
        self._note_missed(deliveries)
        return replace(self._published(frames, refused, late), counts=self._counts(deliveries))

    def close(self) -> None:
        """Ends the threads; what still waits is dropped, having been noted."""
        self._stop.set()
        for thread in self._probers:
            thread.join()
        for sender in self._senders.values():
            sender.close()

    def _senders_of(self, site: str) -> list[NodeSender]:
        cell = self._cell_of(site)
        return [self._senders[node.publish] for node in cell.nodes] if cell else []

    def _deliver(
        self, by_sender: Mapping[NodeSender, Sequence[tuple[Frame, bytes]]]
    ) -> dict[NodeSender, list[Delivery]]:
        countdown = Countdown(sum(len(requests) for requests in by_sender.values()))
        deliveries = {
            sender: [Delivery(frame, request, countdown) for frame, request in requests]
            for sender, requests in by_sender.items()
        }
        for sender, of_sender in deliveries.items():
            sender.offer(of_sender)
        countdown.wait(LATE_SECONDS)
        return deliveries

    def _note_missed(self, deliveries: Mapping[NodeSender, Sequence[Delivery]]) -> None:
        """Of what is not numbered nothing is noted: the next totals or snapshot tell."""
        notes: dict[str, dict[str, str]] = {}
        for sender, of_sender in deliveries.items():
            for delivery in of_sender:
                if delivery.outcome in (Outcome.WAITING, Outcome.MISSED) and delivery.frame.seq:
                    delivery.is_noted = True
                    notes.setdefault(sender.address, {})[delivery.frame.key] = delivery.note
        if notes:
            self._missed.note(notes)

    def _counts(self, deliveries: Mapping[NodeSender, Sequence[Delivery]]) -> dict[str, int]:
        """How many entries each node took, and how many it missed."""
        settled = [
            (sender.address, delivery)
            for sender, of_sender in deliveries.items()
            for delivery in of_sender
            if delivery.frame.entry_ids
        ]
        counts = Counter[str]()
        with self._lock:
            if time.monotonic() >= self._count_late_at:  # not with every call: a slow node has thousands
                self._count_late_at = time.monotonic() + COUNT_LATE_EVERY_SECONDS
                settled += self._uncounted
                self._uncounted = []
            for address, delivery in settled:
                outcome = delivery.outcome  # another thread may settle it meanwhile
                if outcome is Outcome.WAITING:
                    self._uncounted.append((address, delivery))
                elif outcome is not Outcome.REFUSED:
                    stage = "published" if outcome is Outcome.TAKEN else "missed"
                    counts[at_node(stage, address)] += len(delivery.frame.entry_ids)
        return dict(counts)

    def _published(
        self, frames: Sequence[Frame], refused: Sequence[Frame], late: AbstractSet[str]
    ) -> Published:
        readers = {}
        delivery_seconds = dict.fromkeys(late, LATE_DELIVERY_SECONDS)
        for frame in frames:
            counts = [sender.readers.get(frame.key, 0) for sender in self._senders_of(frame.site)]
            if any(counts):
                readers[frame.key] = sum(counts)
                busy = max(counts) * SECONDS_PER_DELIVERY  # nodes work side by side
                delivery_seconds[frame.key] = max(busy, delivery_seconds.get(frame.key, 0.0))
        return Published(refused, readers, delivery_seconds)

    def _with_readers(self, frame: Frame, senders: Sequence[NodeSender]) -> str:
        """The frame's text, with the count of readers in a head, and in events when it is another."""
        shown = bucketed(sum(sender.readers.get(frame.key, 0) for sender in senders))
        is_head = not frame.entry_ids
        if not frame.seq or not shown or (not is_head and self._shown.get(frame.key) == shown):
            return frame.text
        remember(self._shown, frame.key, shown)
        return f'{{"readers":{shown},{frame.text[1:]}'

    def _look_after(self, sender: NodeSender) -> None:
        """Finds a stale node back, and tells a well one what it missed, until the publisher is closed."""
        tell_at = 0.0
        while not self._stop.wait(PROBE_EVERY_SECONDS):
            try:
                if time.monotonic() >= tell_at:
                    tell_at = time.monotonic() + TELL_EVERY_SECONDS
                    self._missed.tell(sender.address, is_stale=sender.is_stale)
                if sender.is_stale and sender.answers():
                    sender.recover()
                if not sender.is_stale:
                    self._catch_up(sender)
            except PublishFailed as error:
                logger.debug("push node %s is not looked after: %s", sender.address, error)
            except Exception:
                logger.exception("looking after push node %s failed", sender.address)

    def _catch_up(self, sender: NodeSender) -> None:
        caught_up, sender.caught_up = sender.caught_up, {}
        if caught_up:
            self._missed.forget(sender.address, caught_up)
        for notes in self._missed.pages(sender.address):
            # What is on its way tells more than a head would; the next look finds out whether it arrived.
            due = {key: note for key, note in notes.items() if not sender.holds(key)}
            heads = [head_frame(key, *_epoch_and_seq(note)) for key, note in due.items()]
            requests = [(head, _request(head.key, head.text.encode())) for head in heads]
            delivered = self._deliver({sender: requests})[sender]
            taken = [delivery.frame.key for delivery in delivered if delivery.outcome is Outcome.TAKEN]
            if taken:
                self._missed.forget(sender.address, {key: due[key] for key in taken})


def _request(key: str, body: bytes) -> bytes:
    return post_request(f"/{'pubz' if len(body) >= DEFLATE_FROM_BYTES else 'pub'}/{key}", body)


def _epoch_and_seq(note: str) -> tuple[str, int]:
    epoch, _, seq = note.rpartition(" ")
    return epoch, int(seq)
