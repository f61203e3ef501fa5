"""Time and chance as the client sees them: injected, so that a test can drive them."""

from collections.abc import Callable
from typing import Final, Protocol

BACKOFF_MAX_SECONDS: Final = 20.0
_STEEPEST: Final = 6  # 0.5 s doubled so often is more than the longest wait


class Handle(Protocol):
    def cancel(self) -> object: ...


class Clock(Protocol):
    def call_later(self, seconds: float, run: Callable[[], object]) -> Handle: ...

    def monotonic(self) -> float: ...

    def random(self) -> float:
        """At least 0, less than 1."""


class Timers:
    """Timers by name: setting one again replaces it. embed/src/timers.ts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._handles: dict[str, Handle] = {}

    def after(self, name: str, seconds: float, run: Callable[[], object]) -> None:
        def ring() -> None:
            del self._handles[name]
            run()

        self.clear(name)
        self._handles[name] = self._clock.call_later(seconds, ring)

    def clear(self, *names: str) -> None:
        for name in names:
            handle = self._handles.pop(name, None)
            if handle is not None:
                handle.cancel()

    def has(self, name: str) -> bool:
        return name in self._handles

    def now(self) -> float:
        return self._clock.monotonic()

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self._clock.random()

    def backoff(self, attempt: int) -> float:
        """Seconds before try number `attempt`, from 0. Full jitter: whole crowds lose their connection in one
        instant."""
        return self.between(0, min(BACKOFF_MAX_SECONDS, 0.5 * 2 ** min(attempt, _STEEPEST))) + 0.2
