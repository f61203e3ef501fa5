"""After Redis was away its backlog goes first: until the sweeper has queued it, a process queues nothing.

Otherwise each thread's new posts would overtake those that wait, and every reader would ask for the others.
"""

import secrets
import threading
import time
from collections.abc import Callable
from typing import Final

import redis

from comments.events import request_redis, wire
from comments.events.breaker import LeftAlone

LONGEST_SECONDS: Final = 10.0  # without a sweeper, readers asking is better than readers waiting


class HandOver:
    """This process's part. Safe to share between threads; `clock` is in seconds and never goes back."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._name = ""  # made in the process that uses it, which may be a fork
        self._is_behind = False
        self._is_told = False
        self._give_up_at = 0.0

    def begin(self) -> None:
        """An event did not get onto the queue: its row waits for the sweeper."""
        with self._lock:
            self._name = self._name or secrets.token_hex(8)
            self._is_behind, self._is_told = True, False
            self._give_up_at = self._clock() + LONGEST_SECONDS

    def is_over(self) -> bool:
        """Whether events may be queued here. While not, the first to ask tells the sweeper, and each that
        follows asks Redis whether it is done."""
        if not self._is_behind:
            return True
        with self._lock:
            if self._clock() >= self._give_up_at:
                self._is_behind = False
                return True
            command = "SISMEMBER" if self._is_told else "SADD"
            try:
                [is_member] = request_redis.ask((command, wire.BEHIND, self._name))
            except (LeftAlone, redis.RedisError):
                self._is_told = False  # it is away still, or again
                self._give_up_at = self._clock() + LONGEST_SECONDS
                return False
            self._is_behind = not self._is_told or bool(is_member)
            self._is_told = True
            return not self._is_behind
