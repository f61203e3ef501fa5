"""WebSocket and polling behind one face; each reports `closed` once, and nothing after close()."""

from collections.abc import Callable
from typing import Protocol

from loadtest.client.frames import Told
from loadtest.client.timers import Timers


class Carrier(Protocol):
    def close(self) -> None: ...


class CarrierEvents(Protocol):
    def opened(self) -> None: ...

    def frame(self, text: str) -> None:
        """`text` is one frame's JSON."""

    def closed(self, code: int) -> None:
        """`code` is the WebSocket's close code (1006: it broke or never opened); 0: the poll failed."""


# Opens a WebSocket to an address. Reports nothing before it has returned.
Connect = Callable[[str, CarrierEvents], Carrier]


class Poll:
    """`fill` asks for what is new and tells whether a server was reached. embed/src/carriers.ts: openPoll."""

    def __init__(self, fill: Callable[[Told], object], timers: Timers, on: CarrierEvents) -> None:
        self._fill = fill
        self._timers = timers
        self._on = on
        self._is_closed = False
        self._is_open = False
        timers.after("poll", 0, self._poll)

    def close(self) -> None:
        self._is_closed = True
        self._timers.clear("poll")

    def _poll(self) -> None:
        self._fill(self._reached)

    def _reached(self, is_reached: bool) -> None:
        if self._is_closed:
            return
        if not is_reached:
            self._on.closed(0)
            return
        if not self._is_open:
            self._on.opened()
        self._is_open = True
        self._timers.after("poll", self._timers.between(3, 5), self._poll)
