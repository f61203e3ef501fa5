"""A Redis that hangs, or takes nothing more: posting goes on, and readers get everything in the end."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import Any
from urllib.parse import unquote

import pytest
import redis
from django.db import connections
from django.utils import timezone

from comments.events import request_redis
from comments.events.breaker import PAUSE_SECONDS, Breaker
from comments.events.redis_clients import REQUEST_TIMEOUT_SECONDS, command_client
from comments.events.sweeper import Sweeper
from comments.events.wire import EventEntry
from comments.models import Event
from comments.sites.services import create_site
from tests.cast import ORIGIN, Person, page_of
from tests.servers import Server, redis_server, wait_until
from tests.streams import queued

THREADS, POSTS = 5, 20


@pytest.fixture
def own_redis(use_redis: Callable[[str], None]) -> Iterator[tuple[Server, str]]:
    """A Redis that a test may harm, which requests use."""
    with redis_server() as (server, url):
        use_redis(url)
        yield server, url


@pytest.fixture
def own_client(own_redis: tuple[Server, str]) -> Iterator[redis.Redis]:
    client = command_client(own_redis[1])
    yield client
    client.close()


@pytest.mark.usefixtures("shared_database")
def test_a_redis_that_hangs_holds_up_only_who_finds_out(
    own_redis: tuple[Server, str], own_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, _ = own_redis
    page = page_of(create_site("limited", origins=[ORIGIN]))
    Person("alice", page).posted()
    asked = counted_calls(monkeypatch)

    def post(number: int) -> int:
        person = Person(f"reader {number}", page)
        person.client.defaults["REMOTE_ADDR"] = f"192.0.2.{number}"
        try:
            return person.post().status
        finally:
            connections.close_all()

    os.kill(server.pid, SIGSTOP)
    try:
        began = time.monotonic()
        with ThreadPoolExecutor(THREADS) as pool:
            statuses = list(pool.map(post, range(POSTS)))
        seconds = time.monotonic() - began
    finally:
        os.kill(server.pid, SIGCONT)

    assert statuses == [201] * POSTS
    assert len(asked) <= THREADS + seconds / PAUSE_SECONDS
    assert Event.objects.filter(is_done=False).count() == POSTS + 1

    bob = Person("bob", page)
    bob.client.defaults["REMOTE_ADDR"] = "192.0.2.200"

    wait_until(
        lambda: (request_redis.breaker._open_until or 0) < time.monotonic(), message="another try is due"
    )
    bob.posted()  # which tells the sweeper that there is a backlog
    Sweeper(own_client).take_over()
    post_id = bob.posted()
    seqs = [entry.seq for entry in queued(own_client) if isinstance(entry, EventEntry)]
    assert list(dict.fromkeys(seqs)) == list(range(1, POSTS + 4)), "in order, after what was there before"
    assert f'"id":{post_id}' in queued(own_client)[-1].data


@pytest.mark.one_database
def test_a_request_gives_up_on_a_redis_that_hangs_in_half_a_second(own_redis: tuple[Server, str]) -> None:
    server, _ = own_redis
    request_redis.ask(("PING",))
    os.kill(server.pid, SIGSTOP)
    try:
        began = time.monotonic()
        with pytest.raises(redis.TimeoutError):
            request_redis.ask(("PING",))
        seconds = time.monotonic() - began
    finally:
        os.kill(server.pid, SIGCONT)

    assert REQUEST_TIMEOUT_SECONDS <= seconds < 2


@pytest.mark.django_db
def test_a_post_waits_for_it_no_longer_than_that(own_redis: tuple[Server, str]) -> None:
    server, _ = own_redis
    alice = Person("alice", page_of(create_site("limited", origins=[ORIGIN])))
    alice.posted()
    os.kill(server.pid, SIGSTOP)
    try:
        began = time.monotonic()
        alice.posted()
        seconds = time.monotonic() - began
    finally:
        os.kill(server.pid, SIGCONT)

    assert REQUEST_TIMEOUT_SECONDS <= seconds < 2


@pytest.mark.django_db
def test_a_redis_that_was_started_anew_counts_the_next_post(
    own_redis: tuple[Server, str], own_client: redis.Redis
) -> None:
    server, _ = own_redis
    alice = Person("alice", page_of(create_site("limited", origins=[ORIGIN])))
    alice.posted()
    server.kill()
    server.start()

    alice.posted()

    assert list(own_client.scan_iter("kibitz:rate:*"))


def out_of_memory(client: redis.Redis, url: str) -> Callable[[], Any]:
    client.config_set("maxmemory", 1)
    return lambda: client.config_set("maxmemory", 0)


def out_of_disk(client: redis.Redis, url: str) -> Callable[[], Any]:
    """Snapshots cannot be written, and Redis takes no writes that it could not keep."""
    directory = Path(unquote(url.partition("unix://")[2].partition("?")[0])).parent
    (directory / "dump.rdb").mkdir()
    client.config_set("save", "3600 1")
    client.bgsave()
    wait_until(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err", message="a failed save")
    return lambda: client.config_set("save", "")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("trouble", "says"), [(out_of_memory, "maxmemory"), (out_of_disk, "MISCONF|disk")])
def test_what_redis_refuses_is_accepted_kept_and_swept_later(
    trouble: Callable[[redis.Redis, str], Callable[[], Any]],
    says: str,
    own_redis: tuple[Server, str],
    own_client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alice = Person("alice", page_of(create_site("limited", origins=[ORIGIN])))
    alice.posted()
    own_client.delete("kibitz:events:0")
    mend = trouble(own_client, own_redis[1])
    with pytest.raises(redis.ResponseError, match=says):
        own_client.xadd("kibitz:events:0", {"kind": "event"})

    bobs = Person("bob", alice.page)
    post_ids = [alice.posted(), alice.posted()]
    answers = [alice.edit(post_ids[0], "Hello again."), bobs.vote(post_ids[0], 1), alice.snapshot()]
    lost = own_client.xlen("kibitz:events:0")
    mend()
    monkeypatch.setattr(request_redis.breaker, "_open_until", None)
    Sweeper(own_client).repeat_stale(timezone.now() + timedelta(seconds=3))

    assert [answer.status for answer in answers] == [200] * 3
    assert lost == 0
    assert sorted(getattr(entry, "seq", 0) for entry in queued(own_client)) == [1, 2, 3, 4]


def counted_calls(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """Gets an item each time that a request may ask Redis for something."""
    calls: list[None] = []
    enter = Breaker._enter

    def counted(breaker: Breaker) -> bool:
        is_trial = enter(breaker)
        calls.append(None)
        return is_trial

    monkeypatch.setattr(Breaker, "_enter", counted)
    return calls
