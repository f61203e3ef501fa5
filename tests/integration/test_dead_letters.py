"""Entries that no delivery could publish: shown, and given a second chance."""

from io import StringIO

import pytest
import redis
from django.core.management import CommandError, call_command

from comments.events import request_redis, wire
from comments.events.dead_letters import list_dead, replay_dead
from tests.streams import queued

pytestmark = pytest.mark.one_database

ENTRY = wire.EventEntry(id=7, key="k" * 26, epoch="e", seq=3, data='{"seq":3}')


def bury(client: redis.Redis, fields: dict[str, str | int], reason: str = "no node answered") -> None:
    client.xadd(wire.DEAD, {**fields, "reason": reason, "stream": wire.stream_name(0), "deliveries": 6})  # type: ignore[dict-item]


def dead_letters(*arguments: str) -> str:
    told = StringIO()
    call_command("dead_letters", *arguments, stdout=told)
    return told.getvalue()


def test_it_shows_what_died_and_why(redis_client: redis.Redis) -> None:
    bury(redis_client, ENTRY.fields())
    bury(redis_client, {"key": "x"}, reason="no entry")

    told = dead_letters()

    assert f"{'k' * 26} 3  no node answered" in told
    assert "x -  no entry" in told
    assert told.endswith("2 dead letters.\n")
    assert len(list_dead(redis_client)) == 2


def test_it_says_so_when_nothing_died() -> None:
    assert dead_letters() == "0 dead letters.\n"


def test_replay_queues_what_can_be_read_and_keeps_the_rest(redis_client: redis.Redis) -> None:
    bury(redis_client, ENTRY.fields())
    bury(redis_client, {"kind": "typing"})

    told = dead_letters("--replay")

    assert told == "Replayed 1; kept 1 that no Kibitz wrote.\n"
    assert queued(redis_client) == [ENTRY]
    assert [letter.fields["kind"] for letter in list_dead(redis_client)] == ["typing"]
    assert redis_client.hget(wire.COUNTERS, "replayed") == "1"


def test_replay_twice_replays_once(redis_client: redis.Redis) -> None:
    bury(redis_client, ENTRY.fields())

    assert [replay_dead(redis_client), replay_dead(redis_client)] == [(1, 0), (0, 0)]


def test_what_the_queue_does_not_take_stays_dead(redis_client: redis.Redis) -> None:
    bury(redis_client, ENTRY.fields())
    request_redis.breaker._open_until = float("inf")

    with pytest.raises(CommandError, match="Redis does not answer"):
        dead_letters("--replay")

    assert len(list_dead(redis_client)) == 1


def test_without_redis_it_says_so(monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{free_port}/0")

    with pytest.raises(CommandError, match="Redis does not answer"):
        dead_letters()
