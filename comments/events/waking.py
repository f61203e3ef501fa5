"""A worker's bell in Redis: who has left work in the database rings, and a worker begins at once."""

import threading
from typing import Final

import redis

from comments import env
from comments.events import request_redis
from comments.events.breaker import LeftAlone
from comments.events.redis_clients import blocking_client

LOOK_SECONDS: Final = 2.0  # between looks of a worker whom nobody wakes
_RINGS_KEPT: Final = 64  # while nobody waits


def ring(bell: str) -> None:
    """`bell` names a list: whoever waits for it is woken by one entry. Without Redis a worker looks by
    itself, two seconds later at most."""
    try:
        request_redis.ask(("LPUSH", bell, 1), ("LTRIM", bell, 0, _RINGS_KEPT - 1))
    except (LeftAlone, redis.RedisError):
        return


def listen(bell: str, woken: threading.Event, stopping: threading.Event) -> None:
    """Sets `woken` whenever somebody rings. Blocks until `stopping` is set, and up to two seconds more."""
    client = blocking_client(env.redis_url(), block_seconds=LOOK_SECONDS)
    while not stopping.is_set():
        try:
            if client.blpop([bell], timeout=LOOK_SECONDS):
                woken.set()
        except redis.RedisError:
            stopping.wait(LOOK_SECONDS)
