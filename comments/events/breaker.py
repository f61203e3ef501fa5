"""Leaves a Redis alone that failed a moment ago, so that requests do not wait for what is not there."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import redis

PAUSE_SECONDS: Final = 1.0


class LeftAlone(Exception):
    """Redis failed a moment ago, or somebody is just trying whether it is back."""


class Breaker:
    """Closed until Redis fails; open for a second then; then one caller tries, while others go on without.

    Safe to share between threads. `clock` is in seconds and never goes back.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._open_until: float | None = None  # None: closed
        self._is_tried = False

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """To be put around what talks to Redis: raises LeftAlone instead of entering while open, and a
        RedisError that leaves it opens the breaker."""
        is_trial = self._enter()
        try:
            yield
        except redis.RedisError:
            with self._lock:
                self._open_until = self._clock() + PAUSE_SECONDS
            raise
        else:
            if is_trial:  # not whoever began before Redis failed: that it answered then says nothing
                self._open_until = None
        finally:
            if is_trial:
                self._is_tried = False

    def _enter(self) -> bool:
        """True for the one who tries; raises LeftAlone."""
        open_until = self._open_until
        if open_until is None:
            return False
        with self._lock:
            if self._is_tried or self._clock() < open_until:
                raise LeftAlone
            self._is_tried = True
            return True
