"""One frame on its way to one push node, and the waiting for many of them."""

import threading
from enum import Enum, auto

from realtime.publisher import Frame


class Outcome(Enum):
    """What became of one frame at one node."""

    WAITING = auto()
    TAKEN = auto()
    REFUSED = auto()  # the node will never take it
    MISSED = auto()  # the node could not take it


class Countdown:
    """Lets one thread wait for what others finish."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._lock = threading.Lock()
        self._is_done = threading.Event()
        if not count:
            self._is_done.set()

    def tick(self) -> None:
        with self._lock:
            self._count -= 1
            if self._count == 0:
                self._is_done.set()

    def wait(self, seconds: float) -> None:
        self._is_done.wait(seconds)


class Delivery:
    """One frame on its way to one node; `request` is the HTTP request that carries it."""

    __slots__ = ("countdown", "frame", "is_noted", "outcome", "request")

    def __init__(self, frame: Frame, request: bytes, countdown: Countdown) -> None:
        self.frame = frame
        self.request = request
        self.countdown: Countdown | None = countdown
        self.outcome = Outcome.WAITING
        self.is_noted = False  # its thread counts as missed unless an answer comes after all

    @property
    def note(self) -> str:
        return f"{self.frame.epoch} {self.frame.seq}"

    def stop_waiting(self) -> None:
        """Whoever published waits for it no longer."""
        countdown, self.countdown = self.countdown, None
        if countdown is not None:
            countdown.tick()

    def settle(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.stop_waiting()
