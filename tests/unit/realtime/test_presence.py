"""Reader counts and typing, summed over processes through a real Redis."""

from typing import Any

import msgpack
import pytest
import redis

from comments.events.wire import SOCKETS
from realtime.mailbox import Mailbox
from realtime.presence import HEARTBEAT_SECONDS, TYPING_SECONDS, Presence
from realtime.presence_store import bucketed
from tests.unit.realtime.doubles import Clock

KEY = "a" * 26


class Process:
    """One socket process: its sockets, its presence, and what it would deliver."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.threads: dict[str, set[Mailbox]] = {}
        self.delivered: list[str] = []
        self.presence = Presence(
            url, self.threads, lambda key, frame: self.delivered.append(frame), clock=clock
        )

    def open(self, key: str = KEY) -> Mailbox:
        mailbox = Mailbox(key, "127.0.0.1", lambda code: None)
        self.threads.setdefault(key, set()).add(mailbox)
        self.presence.joined(mailbox)
        return mailbox

    def close(self, mailbox: Mailbox) -> None:
        self.threads[mailbox.key].remove(mailbox)
        if not self.threads[mailbox.key]:
            del self.threads[mailbox.key]
        self.presence.left(mailbox)


class Wire:
    """What the processes publish to each other."""

    def __init__(self, url: str) -> None:
        self._client: Any = redis.Redis.from_url(url)
        self._pubsub = self._client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        self._pubsub.subscribe("asgi__group__live")
        self._pubsub.get_message(timeout=10)

    def frames(self) -> list[str]:
        """All that was published until now: Redis hands it out in order, and a mark of its own comes last."""
        self._client.publish("asgi__group__live", b"mark")
        frames = []
        while (message := self._pubsub.get_message(timeout=10))["data"] != b"mark":
            frames.append(msgpack.unpackb(message["data"])["frame"])
        return frames

    def close(self) -> None:
        self._pubsub.close()
        self._client.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def one(redis_url: str, clock: Clock) -> Process:
    return Process(redis_url, clock)


@pytest.fixture
def two(redis_url: str, clock: Clock) -> Process:
    return Process(redis_url, clock)


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, 0),
        (1, 1),
        (19, 19),
        (20, 20),
        (99, 99),
        (101, 100),
        (106, 110),
        (1284, 1300),
        (998_877, 1_000_000),
    ],
)
def test_counts_are_exact_below_20_and_then_have_two_digits(count: int, shown: int) -> None:
    assert bucketed(count) == shown


async def test_a_socket_is_told_at_once(one: Process) -> None:
    assert await one.open().take() == '{"readers":1}'


async def test_readers_are_summed_over_processes(one: Process, two: Process, redis_url: str) -> None:
    one.open()
    await one.presence.tick()
    two.open()
    two.open()

    await two.presence.tick()

    assert two.presence._shown[KEY].readers == 3


async def test_a_thread_is_told_of_a_change_every_two_seconds_at_most(one: Process, clock: Clock) -> None:
    one.open()
    await one.presence.tick()
    one.open()
    clock.now += 1.9
    await one.presence.tick()
    assert one.presence._shown[KEY].readers == 1

    clock.now += 0.1
    await one.presence.tick()

    assert one.presence._shown[KEY].readers == 2


async def test_a_process_tells_of_all_its_sockets_and_takes_them_back(
    one: Process, redis_client: Any
) -> None:
    for key in (KEY, KEY, "b" * 26):
        one.open(key)

    await one.presence.tick()
    told = [value.split()[0] for value in redis_client.hvals(SOCKETS)]
    await one.presence.leave()

    assert told == ["3"]
    assert redis_client.hvals(SOCKETS) == []


async def test_a_socket_that_leaves_counts_no_more(one: Process, two: Process, clock: Clock) -> None:
    mailbox = one.open()
    await one.presence.tick()
    two.open()
    await two.presence.tick()

    one.close(mailbox)
    await one.presence.tick()
    clock.now += HEARTBEAT_SECONDS
    await two.presence.tick()

    assert two.delivered == ['{"readers":1}']


async def test_a_process_that_stops_takes_its_readers_along(one: Process, two: Process, clock: Clock) -> None:
    one.open()
    await one.presence.tick()
    two.open()
    await one.presence.leave()

    clock.now += HEARTBEAT_SECONDS
    await two.presence.tick()

    assert two.delivered == ['{"readers":1}']


async def test_a_killed_processs_readers_expire(one: Process, redis_client: Any, clock: Clock) -> None:
    redis_client.hset(f"kibitz:presence:{KEY}", "killed", "40 1 1000")
    one.open()

    await one.presence.tick()

    assert one.presence._shown[KEY].readers == 1
    assert one.presence._shown[KEY].typing == 0


async def test_the_heartbeat_repeats_the_count(one: Process, clock: Clock) -> None:
    one.open()
    await one.presence.tick()

    clock.now += HEARTBEAT_SECONDS
    await one.presence.tick()

    assert one.delivered == ['{"readers":1}']


async def test_typing_counts_for_five_seconds(one: Process, two: Process, clock: Clock) -> None:
    mailbox = one.open()
    two.open()
    one.presence.typed(mailbox)
    await one.presence.tick()
    assert one.presence._shown[KEY].typing == 1

    clock.now += TYPING_SECONDS
    await one.presence.tick()

    assert one.presence._shown[KEY].typing == 0


async def test_a_socket_is_told_who_types_already(one: Process) -> None:
    one.presence.typed(one.open())
    await one.presence.tick()

    late = one.open()

    assert [await late.take(), await late.take()] == ['{"readers":2}', '{"typing":1}']


async def test_typing_more_than_once_a_second_is_ignored(one: Process, clock: Clock) -> None:
    mailbox = one.open()
    one.presence.typed(mailbox)
    clock.now += 0.9
    one.presence.typed(mailbox)

    clock.now += TYPING_SECONDS - 0.9
    await one.presence.tick()

    assert one.presence._typing == {}


async def test_what_another_process_published_is_not_published_again(
    one: Process, redis_url: str, clock: Clock
) -> None:
    wire = Wire(redis_url)
    one.open()
    one.presence.observe(KEY, '{"readers":1}')
    clock.now += 2

    await one.presence.tick()

    assert wire.frames() == []
    wire.close()


async def test_a_change_is_published_for_every_process(one: Process, redis_url: str) -> None:
    wire = Wire(redis_url)
    mailbox = one.open()
    one.presence.typed(mailbox)

    await one.presence.tick()

    assert wire.frames() == ['{"readers":1}', '{"typing":1}']
    wire.close()


async def test_without_redis_a_tick_says_so_and_forgets_nothing(clock: Clock) -> None:
    process = Process("redis://127.0.0.1:1/0", clock)
    process.open()

    with pytest.raises(redis.RedisError):
        await process.presence.tick()

    assert process.presence._changed == {KEY}


async def test_idle_threads_leave_nothing_behind(one: Process, redis_client: Any) -> None:
    mailbox = one.open()
    one.presence.typed(mailbox)
    await one.presence.tick()
    one.close(mailbox)

    await one.presence.tick()

    assert one.presence._shown == {}
    assert one.presence._typing == {}
    assert one.presence._typed_at == {}
    assert one.presence._changed == set()
    assert redis_client.exists(f"kibitz:presence:{KEY}") == 0


async def test_a_broken_count_is_passed_over(one: Process) -> None:
    one.open()

    one.presence.observe(KEY, '{"readers":')

    assert one.presence._shown[KEY].readers is None
