"""The queue over a real Redis."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from comments.events.wire import COUNTERS, DEAD, DONE, GROUP, MAX_DELIVERIES, STREAMS, EventEntry, stream_name
from realtime.stream import Batch, EventQueue, QueueUnavailable
from tests import servers

pytestmark = pytest.mark.one_database

KEY = "a" * 26
STREAM = stream_name(0)

MakeQueue = Callable[..., EventQueue]


@pytest.fixture
def make_queue(redis_url: str) -> Iterator[MakeQueue]:
    """Queues whose entries count as idle at once, so that no test waits 10 s."""
    made: list[EventQueue] = []

    def make(
        consumer: str = "one", *, index: int = 0, idle_seconds: float = 0.0, url: str = ""
    ) -> EventQueue:
        queue = EventQueue(url or redis_url, index, consumer, block_seconds=0.05, idle_seconds=idle_seconds)
        made.append(queue)
        return queue

    yield make
    for queue in made:
        queue.close()


def add(client: Any, seq: int = 1, *, stream: str = STREAM, **changed: str) -> str:
    fields = EventEntry(id=100 + seq, key=KEY, epoch="e1", seq=seq, data='{"seq":1}').fields()
    return str(client.xadd(stream, {**{name: str(value) for name, value in fields.items()}, **changed}))


def pending(client: Any, stream: str = STREAM) -> int:
    return int(client.xpending(stream, GROUP)["pending"])


def entry_ids(batches: Iterator[Batch]) -> list[str]:
    return [entry_id for batch in batches for entry_id, _ in batch.deliveries]


def test_it_reads_what_was_added_before_it_came(make_queue: MakeQueue, redis_client: Any) -> None:
    entry_id = add(redis_client)

    batch = make_queue().read()

    assert [(given_id, fields["seq"]) for given_id, fields in batch.deliveries] == [(entry_id, "1")]
    assert redis_client.smembers(STREAMS) == {STREAM}


def test_an_empty_stream_reads_as_nothing(make_queue: MakeQueue) -> None:
    assert make_queue().read().deliveries == []


def test_acknowledging_finishes_entry_row_and_counters_together(
    make_queue: MakeQueue, redis_client: Any
) -> None:
    entry_id = add(redis_client)
    queue = make_queue()
    queue.read()

    queue.acknowledge(STREAM, [entry_id], ["101 e1"], {"published": 1, "frames": 0})

    assert redis_client.xlen(STREAM) == 0
    assert pending(redis_client) == 0
    assert redis_client.lrange(DONE, 0, -1) == ["101 e1"]
    assert redis_client.hgetall(COUNTERS) == {"published": "1", "handed": "1", "acknowledged": "1"}


def test_entries_that_two_processes_finish_are_acknowledged_once(
    make_queue: MakeQueue, redis_client: Any
) -> None:
    entry_id = add(redis_client)
    slow, other = make_queue("slow"), make_queue("other")
    slow.read()
    taken_over = entry_ids(other.claim())

    for queue in (other, slow):
        queue.acknowledge(STREAM, [entry_id], ["101 e1"], {"published": 1})

    assert taken_over == [entry_id]
    assert redis_client.hgetall(COUNTERS) == {
        "redelivered": "1",
        "acknowledged": "1",
        "acknowledged_again": "1",
        "handed": "2",
        "published": "2",
    }


def test_another_process_takes_over_what_was_left_unfinished(
    make_queue: MakeQueue, redis_client: Any
) -> None:
    entry_id = add(redis_client)
    make_queue("killed").read()

    assert entry_ids(make_queue("other", index=1).claim()) == [entry_id]


def test_taking_over_pages_through_everything(make_queue: MakeQueue, redis_client: Any) -> None:
    added = [add(redis_client, seq) for seq in range(1, 251)]
    make_queue("killed").read()

    assert entry_ids(make_queue("other").claim()) == added


def test_nothing_is_taken_over_before_it_lay_idle(make_queue: MakeQueue, redis_client: Any) -> None:
    add(redis_client)
    make_queue("busy").read()

    assert entry_ids(make_queue("other", idle_seconds=10).claim()) == []


def test_keeping_hold_counts_no_delivery(make_queue: MakeQueue, redis_client: Any) -> None:
    add(redis_client)
    queue = make_queue()
    batch = queue.read()

    for _ in range(2 * MAX_DELIVERIES):
        queue.keep(STREAM, [entry_id for entry_id, _ in batch.deliveries])

    details = redis_client.xpending_range(STREAM, GROUP, min="-", max="+", count=1)
    assert details[0]["times_delivered"] == 1


def test_an_entry_that_is_never_published_ends_in_the_dead_letters(
    make_queue: MakeQueue, redis_client: Any
) -> None:
    entry_id = add(redis_client)
    queue = make_queue()
    queue.read()
    deliveries = 1

    while entry_ids(queue.claim()):
        deliveries += 1

    assert deliveries == MAX_DELIVERIES
    [(_, fields)] = redis_client.xrange(DEAD)
    assert fields["key"] == KEY
    assert fields["stream"] == STREAM
    assert fields["entry_id"] == entry_id
    assert fields["deliveries"] == str(MAX_DELIVERIES + 1)
    assert fields["reason"]
    assert redis_client.xlen(STREAM) == 0
    assert pending(redis_client) == 0
    assert redis_client.hget(COUNTERS, "dead") == "1"
    assert redis_client.lrange(DONE, 0, -1) == ["101 e1"]


def test_what_is_no_entry_at_all_ends_there_too(make_queue: MakeQueue, redis_client: Any) -> None:
    redis_client.xadd(STREAM, {"nonsense": "1", "id": "many"})
    queue = make_queue()
    queue.read()

    while entry_ids(queue.claim()):
        pass

    assert redis_client.xrange(DEAD)[0][1]["nonsense"] == "1"
    assert redis_client.llen(DONE) == 0


def test_it_adopts_a_stream_that_nobody_reads(make_queue: MakeQueue, redis_client: Any) -> None:
    orphan = stream_name(7)
    entry_id = add(redis_client, stream=orphan)
    redis_client.sadd(STREAMS, orphan)
    servers.wait_until(
        lambda: redis_client.time()[0] * 1000 > int(entry_id.split("-")[0]), message="the clock has moved on"
    )

    assert entry_ids(make_queue().adopt()) == [entry_id]


def test_it_leaves_a_stream_alone_whose_process_is_only_a_little_behind(
    make_queue: MakeQueue, redis_client: Any
) -> None:
    make_queue("two", index=1).read()
    add(redis_client, stream=stream_name(1))

    assert entry_ids(make_queue(idle_seconds=10).adopt()) == []


def test_it_survives_flushall(make_queue: MakeQueue, redis_client: Any) -> None:
    queue = make_queue()
    queue.read()
    redis_client.flushall()
    entry_id = add(redis_client)

    batch = queue.read()

    assert [given_id for given_id, _ in batch.deliveries] == [entry_id]
    assert redis_client.smembers(STREAMS) == {STREAM}


def test_taking_over_survives_flushall(make_queue: MakeQueue, redis_client: Any) -> None:
    queue = make_queue()
    redis_client.sadd(STREAMS, STREAM, stream_name(1))
    add(redis_client, stream=stream_name(1))

    queue.forget_gone_consumers()

    assert entry_ids(queue.claim()) == []


def test_it_says_when_redis_is_away_and_goes_on_when_it_is_back(make_queue: MakeQueue) -> None:
    with servers.redis_server() as (server, url):
        queue = make_queue(url=url)
        queue.read()
        server.kill()

        with pytest.raises(QueueUnavailable):
            queue.read()

        server.start()
        assert queue.read().deliveries == []
