"""Time and chance that a test drives, in the units of embed/tests/fakes.ts, so that no sum differs."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Timer:
    at: float
    run: Callable[[], object]
    timers: dict[int, "Timer"]
    number: int

    def cancel(self) -> None:
        self.timers.pop(self.number, None)


class FakeClock:
    """Timers run when `advance` reaches them; `settled` runs before the first and after each."""

    def __init__(self, settled: Callable[[], object] = lambda: None) -> None:
        self.milliseconds = 1_000_000.0
        self.dice = 0.5
        self.timers: dict[int, Timer] = {}
        self._settled = settled
        self._count = 0

    def call_later(self, seconds: float, run: Callable[[], object]) -> Timer:
        self._count += 1
        timer = Timer(self.milliseconds + seconds * 1000, run, self.timers, self._count)
        self.timers[self._count] = timer
        return timer

    def monotonic(self) -> float:
        return self.milliseconds / 1000

    def random(self) -> float:
        return self.dice

    def advance(self, seconds: float) -> None:
        until = self.milliseconds + seconds * 1000
        self._settled()
        while due := [timer for timer in self.timers.values() if timer.at <= until]:
            timer = min(due, key=lambda each: each.at)
            self.milliseconds = timer.at
            timer.cancel()
            timer.run()
            self._settled()
        self.milliseconds = until
