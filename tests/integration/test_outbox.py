"""From the database to the queue: on commit, once, and never at the price of a post."""

import json
from datetime import UTC, datetime

import pytest
import redis
from django.db import transaction

from comments.events import outbox, wire
from comments.events.outbox import append_totals, enqueue, entry_of
from comments.events.shapes import EventShape
from comments.models import Event, Thread
from tests.cast import Person
from tests.streams import STREAM, queued

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_a_committed_event_is_queued_as_it_is_stored(alice: Person, redis_client: redis.Redis) -> None:
    alice.posted()

    row = Event.objects.get()
    assert queued(redis_client) == [entry_of(row, alice.page.site)]
    assert json.loads(row.data)["post"]["html"] == "<p>Hello.</p>"
    assert redis_client.hget(wire.COUNTERS, "enqueued") == "1"


@pytest.mark.django_db(transaction=True)
def test_events_of_one_transaction_are_queued_in_their_order(
    alice: Person, redis_client: redis.Redis
) -> None:
    post_id = alice.posted()
    alice.posted()
    alice.edit(post_id, "Hello again.")

    assert [entry.seq for entry in queued(redis_client) if isinstance(entry, wire.EventEntry)] == [1, 2, 3]


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_is_neither_stored_nor_queued(alice: Person, redis_client: redis.Redis) -> None:
    alice.posted()
    thread = Thread.objects.get()
    redis_client.delete(STREAM)
    event: EventShape = {"seq": 2, "type": "thread.locked", "posts": 1}

    with transaction.atomic():
        outbox.append_event(
            thread_id=thread.pk,
            site=thread.site.key,
            key=thread.key,
            epoch=thread.epoch,
            event=event,
            now=NOW,
        )
        append_totals(thread.site.key, thread.key, {1: {"score": 1, "up": 1, "down": 0}})
        transaction.set_rollback(True)

    assert Event.objects.count() == 1
    assert queued(redis_client) == []


@pytest.mark.django_db(transaction=True)
def test_a_vote_queues_totals(alice: Person, bob: Person, redis_client: redis.Redis) -> None:
    post_id = alice.posted()
    bob.vote(post_id, 1)

    _, totals = queued(redis_client)
    assert isinstance(totals, wire.TotalsEntry)
    assert totals.key == alice.page.key
    assert json.loads(totals.data) == {str(post_id): {"score": 1, "up": 1, "down": 0}}


@pytest.mark.django_db(transaction=True)
def test_the_same_vote_again_queues_nothing(alice: Person, bob: Person, redis_client: redis.Redis) -> None:
    post_id = alice.posted()
    bob.vote(post_id, 1)
    bob.vote(post_id, 1)

    assert len(queued(redis_client)) == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("no_redis")
def test_without_redis_a_post_is_taken_all_the_same(alice: Person) -> None:
    answers = [alice.post().status, alice.vote(alice.posted(), 1).status, alice.snapshot().status]

    assert answers == [201, 403, 200]
    assert Event.objects.filter(is_done=False).count() == 2


@pytest.mark.one_database
@pytest.mark.usefixtures("no_redis")
def test_a_redis_that_failed_is_left_alone_and_that_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    entry = wire.TotalsEntry(key="k" * 26, data="{}")

    taken = [enqueue([entry]) for _ in range(10)]

    assert taken == [False] * 10
    assert len(caplog.records) == 1


@pytest.mark.one_database
def test_a_threads_entries_share_a_stream_and_threads_spread(
    redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIBITZ_FORMATTERS", "4")
    keys = [f"{number:026d}" for number in range(40)]

    enqueue(wire.TotalsEntry(key=key, data="{}") for key in keys * 2)

    streams = {wire.stream_of(key, 4) for key in keys}
    assert len(streams) == 4
    assert {name: redis_client.xlen(name) for name in streams} == {
        name: 2 * sum(wire.stream_of(key, 4) == name for key in keys) for name in streams
    }
