"""The formatter over a fake queue and a fake publisher."""

import json
import threading
from collections.abc import Iterable, Mapping, Sequence

import pytest

from comments.events.wire import EventEntry, TotalsEntry
from realtime import formatter as formatter_module
from realtime import holding as holding_module
from realtime.formatter import Formatter
from realtime.publisher import Frame, Published, PublishFailed
from realtime.stream import Batch, QueueUnavailable
from tests.unit.realtime.doubles import Clock

KEY = "a" * 26
STREAM = "kibitz:events:0"


class MemoryQueue:
    """The formatter's Queue, in memory."""

    def __init__(self) -> None:
        self.new: list[Batch] = []
        self.unfinished: list[Batch] = []
        self.neglected: list[Batch] = []
        self.acknowledged: list[str] = []
        self.acknowledged_in: list[str] = []
        self.done: list[str] = []
        self.counts: dict[str, int] = {}
        self.kept = 0
        self.failures = 0

    def read(self) -> Batch:
        return self.new.pop(0) if self.new else Batch(STREAM, [])

    def acknowledge(
        self, stream: str, entry_ids: Sequence[str], done: Sequence[str], counts: Mapping[str, int]
    ) -> None:
        if self.failures:
            self.failures -= 1
            raise QueueUnavailable("away")
        self.acknowledged += entry_ids
        self.acknowledged_in.append(stream)
        self.done += done
        self.count(counts)

    def count(self, counts: Mapping[str, int]) -> None:
        for stage, count in counts.items():
            self.counts[stage] = self.counts.get(stage, 0) + count

    def keep(self, stream: str, entry_ids: Sequence[str]) -> None:
        self.kept += len(entry_ids)

    def claim(self) -> Iterable[Batch]:
        return self.unfinished

    def adopt(self) -> Iterable[Batch]:
        return self.neglected

    def forget_gone_consumers(self) -> None:
        pass


class MemoryPublisher:
    """A Publisher whose failures are told beforehand."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.failures = 0
        self.refuses = ""
        self.breaks_on = ""
        self.delivery_seconds = 0.0

    def publish(self, frames: Sequence[Frame]) -> Published:
        if self.failures:
            self.failures -= 1
            raise PublishFailed("away")
        refused = [frame for frame in frames if self.refuses and self.refuses in frame.text]
        if self.breaks_on and any(self.breaks_on in frame.text for frame in frames):
            raise TypeError("a defect")
        self.frames += [frame for frame in frames if frame not in refused]
        return Published(refused, {}, dict.fromkeys((frame.key for frame in frames), self.delivery_seconds))


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formatter_module, "BACKOFF_SECONDS", (0.0,))


@pytest.fixture
def queue() -> MemoryQueue:
    return MemoryQueue()


@pytest.fixture
def publisher() -> MemoryPublisher:
    return MemoryPublisher()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def formatter(
    queue: MemoryQueue, publisher: MemoryPublisher, stop: threading.Event, clock: Clock
) -> Formatter:
    return Formatter(queue, publisher, stop, clock=clock)


def fields(seq: int, *, key: str = KEY, text: str = "hello") -> dict[str, str]:
    data = json.dumps({"seq": seq, "post": {"html": text}})
    entry = EventEntry(id=100 + seq, key=key, epoch="e1", seq=seq, data=data)
    return {name: str(value) for name, value in entry.fields().items()}


def batch(*deliveries: dict[str, str]) -> Batch:
    return Batch(STREAM, [(f"{position}-0", given) for position, given in enumerate(deliveries, start=1)])


def carry(formatter: Formatter, given: Batch) -> None:
    """Everything that the formatter's threads do with a batch of quiet threads."""
    formatter.take_in(given)
    formatter.flush_once()


def test_it_publishes_then_acknowledges_and_counts(
    formatter: Formatter, queue: MemoryQueue, publisher: MemoryPublisher
) -> None:
    queue.new = [batch(fields(1), fields(2))]

    formatter.read_once()
    formatter.flush_once()

    assert [json.loads(frame.text)["last"] for frame in publisher.frames] == [2]
    assert queue.acknowledged == ["1-0", "2-0"]
    assert queue.done == ["101 e1", "102 e1"]
    assert queue.counts == {"framed": 2, "published": 2, "frames": 1}


def test_it_retries_the_same_batch_while_the_carrier_is_away_and_keeps_hold_of_it(
    formatter: Formatter, queue: MemoryQueue, publisher: MemoryPublisher
) -> None:
    publisher.failures = 7

    carry(formatter, batch(fields(1)))

    assert len(publisher.frames) == 1
    assert queue.kept == 7
    assert queue.acknowledged == ["1-0"]


def test_it_acknowledges_nothing_when_stopped_before_the_carrier_is_back(
    formatter: Formatter, queue: MemoryQueue, publisher: MemoryPublisher, stop: threading.Event
) -> None:
    publisher.failures = 1
    stop.set()

    carry(formatter, batch(fields(1)))

    assert publisher.frames == []
    assert queue.acknowledged == []


def test_it_does_not_publish_again_because_the_acknowledgement_failed(
    formatter: Formatter, queue: MemoryQueue, publisher: MemoryPublisher
) -> None:
    queue.failures = 3

    carry(formatter, batch(fields(1)))

    assert len(publisher.frames) == 1
    assert queue.acknowledged == ["1-0"]


def test_a_malformed_entry_stays_pending_and_holds_up_no_other(
    formatter: Formatter, queue: MemoryQueue, publisher: MemoryPublisher
) -> None:
    carry(formatter, batch({"kind": "gossip"}, fields(1)))

    assert queue.acknowledged == ["2-0"]
    assert queue.counts["framed"] == 1


def test_a_refused_frame_stays_pending_and_holds_up_no_other(
    formatter: Formatter, queue: MemoryQueue, publisher: MemoryPublisher
) -> None:
    publisher.refuses = "poison"

    carry(formatter, batch(fields(1, text="poison"), fields(1, key="b" * 26)))

    assert [frame.key for frame in publisher.frames] == ["b" * 26]
    assert queue.acknowledged == ["2-0"]
    assert queue.done == ["101 e1"]


def test_an_entry_that_breaks_the_formatter_holds_up_no_other(
    formatter: Formatter, queue: MemoryQueue, publisher: MemoryPublisher
) -> None:
    publisher.breaks_on = "poison"

    carry(formatter, batch(fields(1, text="poison"), fields(1, key="b" * 26)))

    assert queue.acknowledged == ["2-0"]


def test_it_takes_over_what_others_left(
    formatter: Formatter, queue: MemoryQueue, publisher: MemoryPublisher
) -> None:
    queue.unfinished = [batch(fields(1))]
    queue.neglected = [Batch("kibitz:events:1", batch(fields(1, key="b" * 26)).deliveries)]

    formatter.take_over_once()
    formatter.flush_once()

    assert [frame.key for frame in publisher.frames] == [KEY, "b" * 26]


def test_vote_totals_taken_over_late_do_not_bring_an_old_score_back(
    formatter: Formatter, queue: MemoryQueue, publisher: MemoryPublisher
) -> None:
    old, new = (TotalsEntry(KEY, json.dumps({"7": {"score": score}})).fields() for score in (1, 2))
    carry(formatter, Batch(STREAM, [("2000-0", {name: str(value) for name, value in new.items()})]))

    carry(formatter, Batch(STREAM, [("1000-0", {name: str(value) for name, value in old.items()})]))

    assert [json.loads(frame.text) for frame in publisher.frames] == [{"totals": {"7": {"score": 2}}}]
    assert queue.acknowledged == ["2000-0", "1000-0"]


def test_it_announces_the_head_of_a_thread_that_fell_quiet(
    formatter: Formatter, publisher: MemoryPublisher, clock: Clock
) -> None:
    carry(formatter, batch(fields(1), fields(2)))
    publisher.frames.clear()

    clock.now += 2.9
    formatter.announce_once()
    assert publisher.frames == []

    clock.now += 0.1
    formatter.announce_once()
    assert [json.loads(frame.text) for frame in publisher.frames] == [{"head": 2, "epoch": "e1"}]


def test_it_announces_what_waits_when_it_leaves(
    formatter: Formatter, queue: MemoryQueue, publisher: MemoryPublisher, stop: threading.Event
) -> None:
    carry(formatter, batch(fields(1)))
    publisher.frames.clear()
    stop.set()

    formatter.run()

    assert [json.loads(frame.text)["head"] for frame in publisher.frames] == [1]


def test_an_announcement_that_fails_is_not_an_error(
    formatter: Formatter, publisher: MemoryPublisher, clock: Clock
) -> None:
    carry(formatter, batch(fields(1)))
    publisher.failures = 1
    clock.now += 3

    formatter.announce_once()

    assert publisher.failures == 0


def test_a_thread_with_many_readers_gets_fewer_and_larger_frames(
    formatter: Formatter, publisher: MemoryPublisher, clock: Clock
) -> None:
    publisher.delivery_seconds = 0.05
    carry(formatter, batch(fields(1)))

    for seq in range(2, 7):
        formatter.take_in(Batch(STREAM, [(f"{seq}-0", fields(seq))]))
        assert not formatter.flush_once()
    clock.now += 0.1
    formatter.flush_once()

    assert [(told["first"], told["last"]) for told in map(json.loads, texts(publisher))] == [(1, 1), (2, 6)]


def test_a_quiet_thread_does_not_wait_for_a_busy_one(
    formatter: Formatter, publisher: MemoryPublisher
) -> None:
    publisher.delivery_seconds = 0.05
    carry(formatter, batch(fields(1)))

    carry(formatter, Batch(STREAM, [("2-0", fields(2)), ("3-0", fields(1, key="b" * 26))]))

    assert [frame.key for frame in publisher.frames] == [KEY, "b" * 26]


def test_an_entry_taken_over_from_oneself_is_published_once(
    formatter: Formatter, queue: MemoryQueue, publisher: MemoryPublisher
) -> None:
    formatter.take_in(batch(fields(1)))

    formatter.take_in(batch(fields(1)))
    formatter.flush_once()

    assert len(publisher.frames) == 1
    assert queue.acknowledged == ["1-0"]


def test_it_keeps_hold_of_what_waits_before_it_takes_over_more(
    formatter: Formatter, queue: MemoryQueue
) -> None:
    formatter.take_in(batch(fields(1), fields(2)))

    formatter.take_over_once()

    assert queue.kept == 2


def test_it_stops_reading_while_too_much_waits(
    formatter: Formatter, queue: MemoryQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding_module, "MAX_CHARS", 10)
    monkeypatch.setattr(holding_module, "ROOM_SECONDS", 0.0)
    queue.new = [batch(fields(1)), Batch(STREAM, [("2-0", fields(2))])]
    formatter.read_once()

    formatter.read_once()
    assert len(queue.new) == 1

    formatter.flush_once()
    formatter.read_once()
    assert queue.new == []


def test_what_comes_close_behind_is_read_together_and_what_comes_later_at_once(
    formatter: Formatter,
    queue: MemoryQueue,
    stop: threading.Event,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(stop, "wait", lambda seconds: waits.append(round(seconds, 3)))
    queue.new = [batch(fields(seq)) for seq in (1, 2, 3)]

    formatter.read_once()
    clock.now += 0.004
    formatter.read_once()
    clock.now += 0.010
    formatter.read_once()

    assert waits == [0.006]
    assert queue.new == []


def test_it_finishes_what_it_holds_when_it_leaves(
    formatter: Formatter, queue: MemoryQueue, publisher: MemoryPublisher, stop: threading.Event
) -> None:
    for number in range(1, 400):
        formatter.take_in(Batch(STREAM, [(f"{number}-0", fields(1, key=f"{number:026d}"))]))
    stop.set()

    formatter.run()

    assert len(queue.acknowledged) == 399
    assert len(publisher.frames) == 2 * 399, "the events, and the heads because it leaves"


def test_entries_of_two_streams_are_acknowledged_each_in_its_own(
    formatter: Formatter, queue: MemoryQueue
) -> None:
    formatter.take_in(batch(fields(1)))
    formatter.take_in(Batch("kibitz:events:1", [("1-0", fields(2))]))

    formatter.flush_once()

    assert sorted(queue.acknowledged_in) == ["kibitz:events:0", "kibitz:events:1"]
    assert queue.counts == {"framed": 2, "published": 2, "frames": 1}


def texts(publisher: MemoryPublisher) -> list[str]:
    return [frame.text for frame in publisher.frames]
