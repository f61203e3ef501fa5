"""`manage.py reconcile`: the stages add up, every unpublished event is found, and what is not says so."""

import json
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import redis
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone

from comments.events import request_redis, wire
from comments.events.sweeper import Sweeper
from comments.models import Event, Thread
from comments.monitoring import reconciling
from comments.monitoring.pipeline import read_pipeline
from comments.monitoring.watch import Watch
from realtime.stream import EventQueue
from tests.cast import Person
from tests.streams import STREAM

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sweeper(redis_client: redis.Redis, alice: Person) -> Sweeper:
    """A sweeper that has gone round once, so that the counters have a beginning; alice is there already."""
    sweeper = Sweeper(redis_client, watch=Watch(redis_client))
    sweeper.sweep(timezone.now())
    return sweeper


@pytest.fixture
def formatter(redis_url: str) -> Iterator[EventQueue]:
    """What a formatter does to the queue, one step at a time; others' entries are its own at once."""
    queue = EventQueue(redis_url, 0, "formatter-a", block_seconds=0.05, idle_seconds=0.0)
    yield queue
    queue.close()


def publish(formatter: EventQueue) -> None:
    """Everything that waits."""
    batch = formatter.read()
    finish(formatter, batch.deliveries)


def finish(formatter: EventQueue, deliveries: Any) -> None:
    done = [wire.done_note(fields["id"], fields["epoch"]) for _, fields in deliveries if "id" in fields]
    counts = {
        "framed": len(deliveries),
        "published": len(deliveries),
        wire.at_node("published", "channels"): 1,
    }
    formatter.acknowledge(STREAM, [entry_id for entry_id, _ in deliveries], done, counts)


def age(seconds: float) -> None:
    """All events were written so long ago."""
    Event.objects.update(created=timezone.now() - timedelta(seconds=seconds))


def reconciled() -> tuple[int, dict[str, Any]]:
    told = StringIO()
    status = 0
    try:
        call_command("reconcile", "--json", stdout=told)
    except SystemExit as leaving:
        status = int(str(leaving.code))
    report: dict[str, Any] = json.loads(told.getvalue())
    assert report["ok"] == (status == 0)
    return status, report


def numbers(report: dict[str, Any]) -> dict[str, int]:
    return {stage["name"]: stage["number"] for stage in report["stages"]}


def places(report: dict[str, Any]) -> list[tuple[str, list[int]]]:
    return [(line["text"].partition(", the oldest")[0], line["event_ids"]) for line in report["places"]]


def explained(report: dict[str, Any], stage: str) -> list[str]:
    [found] = [told["explained"] for told in report["stages"] if told["name"] == stage]
    return list(found)


def test_without_any_site_everything_is_nothing(redis_client: redis.Redis) -> None:
    Watch(redis_client)()

    status, report = reconciled()

    assert status == 0
    assert set(numbers(report).values()) == {0}


def test_a_post_is_counted_at_every_stage(
    alice: Person, bob: Person, sweeper: Sweeper, formatter: EventQueue
) -> None:
    bob.vote(alice.posted(), 1)
    publish(formatter)
    sweeper.sweep(timezone.now())

    status, report = reconciled()

    assert status == 0
    counted = numbers(report)
    assert [counted[name] for name in ("accepted", "written", "enqueued", "enqueued_totals")] == [1, 1, 1, 1]
    assert [counted[name] for name in ("waiting", "taken", "held", "published", "acknowledged")] == [
        0,
        2,
        0,
        2,
        2,
    ]
    assert counted["marked"] == 1
    assert report["unpublished"] == 0


def test_numbers_count_from_where_redis_was_empty(
    alice: Person, sweeper: Sweeper, formatter: EventQueue, redis_client: redis.Redis
) -> None:
    alice.posted()
    publish(formatter)
    sweeper.sweep(timezone.now())
    redis_client.flushall()
    sweeper.sweep(timezone.now())
    alice.posted()

    status, report = reconciled()

    assert status == 0
    assert (report["posts_before"], report["events_before"]) == (1, 1)
    assert (numbers(report)["written"], numbers(report)["enqueued"]) == (1, 1)


def test_what_was_enqueued_before_counting_began_is_no_surplus(
    alice: Person, redis_client: redis.Redis, formatter: EventQueue
) -> None:
    alice.posted()
    publish(formatter)
    alice.posted()
    alice.posted()

    Watch(redis_client)()
    publish(formatter)

    pipeline = read_pipeline(redis_client)
    assert (pipeline.surplus(), pipeline.since("acknowledged"), pipeline.unmarked()) == (0, 2, 0)


def test_each_unpublished_event_is_found_where_it_is(
    alice: Person, sweeper: Sweeper, formatter: EventQueue
) -> None:
    for _ in range(2):
        alice.posted()
    done, held = formatter.read().deliveries
    finish(formatter, [done])
    alice.posted()
    request_redis.breaker._open_until = float("inf")
    alice.posted()
    request_redis.breaker._open_until = None

    status, report = reconciled()

    first, second, third, fourth = Event.objects.order_by("pk").values_list("pk", flat=True)
    assert status == 0
    assert sorted(places(report)) == sorted(
        [
            ("1 published, on the done list: the sweeper marks them", [first]),
            ("1 held by formatter formatter-a", [second]),
            (f"1 wait in {STREAM}", [third]),
            ("1 in the outbox, not enqueued: the sweeper brings them within 17 s", [fourth]),
        ]
    )
    assert int(held[1]["id"]) == second
    assert explained(report, "enqueued")[0].startswith("1 were not, when they were written: Redis was away")
    assert explained(report, "waiting")[0].startswith(f"1 wait in {STREAM}, the oldest entry for ")
    assert explained(report, "held")[0].startswith(f"1 of {STREAM} held by formatter formatter-a")


def test_an_event_that_nobody_brings_is_not_explained(
    alice: Person, sweeper: Sweeper, redis_client: redis.Redis
) -> None:
    request_redis.breaker._open_until = float("inf")
    alice.posted()
    redis_client.delete(wire.SWEEPER)

    status, report = reconciled()

    [line] = report["unexplained"]
    assert status == 1
    assert "no sweeper brings them: it has never been here" in line["text"]
    assert line["event_ids"] == [Event.objects.get().pk]


def test_an_old_event_in_no_stream_is_not_explained_though_a_sweeper_runs(
    alice: Person, sweeper: Sweeper, redis_client: redis.Redis
) -> None:
    redis_client.hincrby(wire.COUNTERS, "began:at", -120)
    request_redis.breaker._open_until = float("inf")
    alice.posted()
    age(90)

    status, report = reconciled()

    assert status == 1
    assert report["unexplained"][0]["event_ids"] == [Event.objects.get().pk]


def test_repeats_and_duplicates_are_visible_and_the_sums_hold(
    alice: Person, sweeper: Sweeper, formatter: EventQueue, redis_client: redis.Redis
) -> None:
    alice.posted()
    age(3)
    sweeper.repeat_stale(timezone.now())
    publish(formatter)
    sweeper.sweep(timezone.now())

    status, report = reconciled()

    counted = numbers(report)
    assert status == 0
    assert [counted[name] for name in ("enqueued", "repeated", "acknowledged", "marked")] == [1, 1, 2, 1]
    assert explained(report, "marked") == ["1 more were marked already: published twice"]


def test_a_stream_that_lost_entries_is_not_explained(
    alice: Person, sweeper: Sweeper, redis_client: redis.Redis
) -> None:
    alice.posted()
    redis_client.xtrim(STREAM, maxlen=0, approximate=False)

    status, report = reconciled()

    assert status == 1
    assert "1 entries came into the streams and are nowhere" in report["unexplained"][0]["text"]


def test_what_somebody_else_puts_into_a_stream_is_seen_until_it_is_dead(
    sweeper: Sweeper, formatter: EventQueue, redis_client: redis.Redis
) -> None:
    redis_client.xadd(STREAM, {"nonsense": "1"})
    before = reconciled()
    formatter.read()
    while list(formatter.claim()):
        pass

    after = reconciled()

    assert (before[0], after[0]) == (0, 0)
    assert numbers(after[1])["dead"] == 1
    assert explained(after[1], "dead") == ["1 dead letter now"]


def test_an_event_marked_by_hand_is_not_explained(alice: Person, sweeper: Sweeper) -> None:
    request_redis.breaker._open_until = float("inf")
    alice.posted()
    Event.objects.update(is_done=True)

    status, report = reconciled()

    assert status == 1
    assert report["unexplained"][0]["text"].startswith(
        "1 events are marked as published and were in no stream"
    )


def test_what_a_dying_sweeper_had_taken_is_explained(
    alice: Person, sweeper: Sweeper, formatter: EventQueue, redis_client: redis.Redis
) -> None:
    alice.posted()
    publish(formatter)
    redis_client.lpop(wire.DONE)

    status, report = reconciled()

    assert status == 0
    assert "a sweeper died before it did" in explained(report, "marked")[0]


def test_many_rows_are_looked_at_up_to_a_bound(
    alice: Person, sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "ROWS", 3)
    for _ in range(5):
        alice.posted()

    status, report = reconciled()

    assert status == 0
    assert [text for text, _ in places(report)] == [
        f"3 wait in {STREAM}",
        "2 younger ones were not looked for one by one",
    ]


def test_without_redis_it_says_what_the_database_knows(
    alice: Person, monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    alice.posted()
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{free_port}/0")

    status, report = reconciled()

    assert (status, report["redis"]) == (1, False)
    assert numbers(report) == {"accepted": 1, "written": 1}
    assert "Redis does not answer" in report["unexplained"][0]["text"]


def test_without_the_database_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OperationalError("no such host")

    monkeypatch.setattr(reconciling, "count_accepted", away)

    with pytest.raises(CommandError, match="The database does not answer: no such host"):
        call_command("reconcile")


def test_it_prints_a_table_for_people(alice: Person, sweeper: Sweeper) -> None:
    alice.posted()
    told = StringIO()

    call_command("reconcile", stdout=told)

    text = told.getvalue()
    assert "Counters began at" in text
    assert f"waiting                    1  1 wait in {STREAM}, the oldest entry for 0 s" in text
    assert f"1 wait in {STREAM}, the oldest for 0 s  [{Event.objects.get().pk}]" in text
    assert text.endswith("Everything is explained.\n")


def test_written_is_every_number_ever_taken_though_old_events_are_forgotten(
    alice: Person, sweeper: Sweeper
) -> None:
    alice.posted()
    Event.objects.all().delete()

    assert numbers(reconciled()[1])["written"] == Thread.objects.get().seq == 1
