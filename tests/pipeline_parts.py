"""The pipeline's parts, for a test that drives them: workers that die, carriers that fail, readers."""

import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final

from comments.errors import Resync
from comments.events import wire
from comments.events.models import Event
from comments.threads.page import thread_key
from comments.threads.queries import Snapshot, branch_page, events_after, thread_head, thread_page
from comments.threads.services import Page
from realtime.formatter import Formatter
from realtime.publisher import Frame, Published, PublishFailed
from realtime.stream import Batch, EventQueue, QueueUnavailable
from tests.client_model import ClientModel

IDLE_SECONDS: Final = 10.0
POISON: Final = "poison"  # a frame with this in it is refused


class Crash(BaseException):
    """The process is gone at this line; nothing may catch it."""


class Clock:
    """Time that passes only when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Carrier:
    """A Publisher whose next calls fail as told, one way a call. It knows what it took, and that all of it
    had been committed."""

    def __init__(self, readers: Sequence["Reader"]) -> None:
        self.readers = readers
        self.troubles: list[str] = []
        self.is_strict = True  # refuses poison
        self.taken: set[tuple[str, str, int]] = set()

    def publish(self, frames: Sequence[Frame]) -> Published:
        """See Publisher."""
        trouble = self.troubles.pop(0) if self.troubles else ""
        if trouble == "away":
            raise PublishFailed("away")
        if trouble == "defect":
            raise TypeError("a defect")
        refused = [frame for frame in frames if self.is_strict and POISON in frame.text]
        accepted = [frame for frame in frames if frame not in refused]
        half = len(accepted) // 2 if trouble in {"breaks", "dies"} else len(accepted)
        for frame in accepted[:half]:
            self._hand_over(frame)
        if trouble == "breaks":
            raise PublishFailed("in the middle")
        if trouble == "dies":
            raise Crash
        for frame in accepted:
            self.taken |= {(frame.key, frame.epoch, event["seq"]) for event in _events(frame)}
        return Published(refused)

    def _hand_over(self, frame: Frame) -> None:
        for event in _events(frame):
            row = Event.objects.get(key=frame.key, seq=event["seq"])
            assert row.epoch != frame.epoch or json.loads(row.data) == event, (
                "only what was committed is told"
            )
        for reader in self.readers:
            reader.hear(frame.key, frame.text)


def _events(frame: Frame) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = json.loads(frame.text).get("events", [])
    return events


class _Queue(EventQueue):
    """The queue, with acknowledgements that fail as told. It waits for nothing: Redis ends a wait at its next
    tick, a tenth of a second later."""

    troubles: list[str]
    sees_neglect = False

    def acknowledge(
        self, stream: str, entry_ids: Sequence[str], done: Sequence[str], counts: Mapping[str, int]
    ) -> None:
        trouble = self.troubles.pop(0) if self.troubles else ""
        if trouble == "away":
            raise QueueUnavailable("away")
        if trouble == "dies before":
            raise Crash
        super().acknowledge(stream, entry_ids, done, counts)
        if trouble == "dies after":
            raise Crash

    def _read(self, client: Any, stream: str, *, block: int | None) -> Batch:
        return super()._read(client, stream, block=None)

    def _is_neglected(self, stream: str) -> bool:
        """As if ten seconds had passed since the oldest entry came, when told so."""
        if not self.sees_neglect:
            return False
        self._idle_ms, idle_ms = -1, self._idle_ms
        try:
            return super()._is_neglected(stream)
        finally:
            self._idle_ms = idle_ms


class Worker:
    """A formatter process without its threads; every method is what one of them does once."""

    def __init__(self, url: str, index: int, name: str, carrier: Carrier, clock: Clock) -> None:
        self.index = index
        self.name = name
        self.queue = _Queue(url, index, name, idle_seconds=IDLE_SECONDS)
        self.queue.troubles = []
        self.stop = threading.Event()
        self._clock = clock
        self.formatter = Formatter(self.queue, carrier, self.stop, clock=clock)

    def read(self) -> None:
        self._clock.now += 0.02  # more than two reads lie apart, and than a thread without readers rests
        self.formatter.read_once()

    def flush(self) -> None:
        self._clock.now += 0.3
        while self.formatter.flush_once():
            pass

    def take_over(self, *, sees_neglect: bool) -> None:
        self.queue.sees_neglect = sees_neglect
        self.formatter.take_over_once()

    def keep_hold(self) -> None:
        self.formatter._keep_hold()

    def leave(self) -> None:
        """What a SIGTERM does: finish what is held, announce, go."""
        self.stop.set()
        self.flush()
        self.formatter._announce(self.formatter._heads.drain())
        self.queue.close()


def let_entries_age(client: Any, workers: Sequence[Worker]) -> None:
    """Ten seconds later, for entries in somebody's hands; live workers say that they still work on theirs."""
    for stream in client.smembers(wire.STREAMS):
        if not client.exists(stream) or not client.xinfo_groups(stream):
            continue
        for entry in client.xpending_range(stream, wire.GROUP, min="-", max="+", count=10_000):
            client.xclaim(
                stream, wire.GROUP, entry["consumer"], 0, [entry["message_id"]],
                idle=int(IDLE_SECONDS * 1000) + 1, justid=True,
            )  # fmt: skip
    for worker in workers:
        worker.keep_hold()


class Reader:
    """A client by the book, on one page. `has_lost` says that some frame did not reach it."""

    def __init__(self, page: Page, key: str) -> None:
        self.page, self.key = page, key
        self.model = ClientModel(everything(page, key))
        self.has_lost = False
        self.loses = 0  # so many of the next frames
        self._inbox: list[dict[str, Any]] = []

    def hear(self, key: str, text: str) -> None:
        """A frame comes, or is lost on its way."""
        if key != self.key:
            return
        if self.loses:
            self.loses -= 1
            self.has_lost = True
            return
        self._inbox.append(json.loads(text))

    def look(self) -> None:
        """Applies what has come, and fills the gaps that it shows."""
        while self._inbox:
            frame = self._inbox.pop(0)
            if frame.get("epoch", self.model.epoch) != self.model.epoch:
                self._begin_anew()
            else:
                self.model.receive(frame)
                if frame.get("head", frame.get("last", 0)) > self.model.seq:
                    self.fill()

    def fill(self) -> None:
        """Asks for what came after the last known event."""
        while True:
            try:
                replay = events_after(self.key, self.model.seq)
            except Resync:
                self._begin_anew()
                return
            if replay.epoch != self.model.epoch:
                self._begin_anew()
                return
            totals = {str(pk): tally for pk, tally in replay.totals.items()}
            self.model.receive({"events": [json.loads(data) for data in replay.events], "totals": totals})
            if replay.last == replay.head:
                return

    def ask_for_head(self) -> None:
        """What a client does when its connection has brought nothing for a while."""
        self._inbox.append({"head": (head := thread_head(self.key))["seq"], "epoch": head["epoch"]})
        self.look()

    def _begin_anew(self) -> None:
        self.model = ClientModel(everything(self.page, self.key))


def everything(page: Page, key: str) -> list[Snapshot]:
    """A fresh snapshot: every page, and every branch to its end."""
    pages: list[Snapshot] = []
    cursor: str | None = ""
    while cursor is not None:
        pages.append(thread_page(key, sort="oldest", cursor=cursor))
        cursor = pages[-1]["next"]
    for root in [post for shown in pages for post in shown["posts"] if post["parent"] is None]:
        after: str | None = str(root["id"])
        while after is not None:
            pages.append(branch_page(key, root_id=root["id"], after_id=int(after)))
            after = pages[-1]["next"]
    if not pages[0]["thread"]["url"]:
        # Who reads a page that has no thread yet stands on it, and so knows its address and title.
        pages[0]["thread"] |= {"url": page.url, "title": page.title}
    return pages


def key_of(site: str, page: Page) -> str:
    return thread_key(site, page.page_id)
