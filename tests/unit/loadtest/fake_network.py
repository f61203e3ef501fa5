"""What lies between a reader and a thread: sockets, requests and a proxy, as bad as a test wants them."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from loadtest.client.carriers import CarrierEvents
from loadtest.client.frames import Cursor, Failed, Run
from tests.unit.loadtest.fake_clock import FakeClock
from tests.unit.loadtest.thread_on_server import Gone, Json, ThreadOnServer

Done = Callable[[Any], object]

CLOSED_BEFORE_OPEN: Final = 1006


class FakeSocket:
    def __init__(self, url: str, on: CarrierEvents, told: list[str]) -> None:
        self.url = url
        self.on = on
        self.is_open = False
        self.is_closed = False
        self._told = told

    def close(self) -> None:
        self._told.append("closes")
        self.is_closed = True

    def open(self) -> None:
        self.is_open = True
        self.on.opened()

    def end(self, code: int) -> None:
        """What happens when it breaks, is refused, or the server closes it."""
        if not self.is_closed:
            self.on.closed(code)

    @property
    def is_live(self) -> bool:
        return self.is_open and not self.is_closed


@dataclass(slots=True)
class Pending:
    answer: Any
    is_late: bool
    done: Done


class FakeNetwork:
    """Sockets, and a LiveSource. `told` gets a line for whatever the reader does to either."""

    def __init__(
        self, thread: ThreadOnServer, told: list[str], took_snapshot: Callable[[Json], object]
    ) -> None:
        self.thread = thread
        self.clock = FakeClock(self.settle)
        self.told = told
        self.took_snapshot = took_snapshot
        self.address = "ws://host/live/k"
        self.asked_at: list[float] = []  # seconds
        self.manners: Json = {
            "fails": None,  # the status that every request fails with; 0 where no answer comes
            "isLate": False,  # answers are made at once but wait for a step that sends them
            "proxySeconds": 0,  # for how long a proxy repeats an answer
            "page": 200,  # events in one answer
            "sockets": "open",  # or refused, or silent
        }
        self.pending: list[Pending] = []
        self.sockets: list[FakeSocket] = []
        self._proxy: dict[str, tuple[float, Any]] = {}

    @property
    def socket(self) -> FakeSocket | None:
        return self.sockets[-1] if self.sockets else None

    def connect(self, url: str, on: CarrierEvents) -> FakeSocket:
        self.told.append("connects")
        self.sockets.append(FakeSocket(url, on, self.told))
        return self.sockets[-1]

    def settle(self) -> None:
        """One thing at a time, oldest first."""
        while True:
            prompt = next((at for at, each in enumerate(self.pending) if not each.is_late), None)
            if prompt is not None:
                self.answer(prompt, None)
                continue
            socket, manner = self.socket, self.manners["sockets"]
            if socket is None or socket.is_open or socket.is_closed or manner == "silent":
                return
            if manner == "open":
                socket.open()
            else:
                socket.end(CLOSED_BEFORE_OPEN)

    def answer(self, index: int, fails: int | None) -> None:
        if index >= len(self.pending):
            return
        pending = self.pending.pop(index)
        pending.done(deepcopy(pending.answer) if fails is None else Failed(fails))

    def _ask(self, request: str, make: Callable[[], Any], done: Done) -> None:
        self.told.append(f"asks {request}")
        self.asked_at.append(self.clock.monotonic())
        self.pending.append(Pending(self._outcome(request, make), self.manners["isLate"], done))

    def _outcome(self, request: str, make: Callable[[], Any]) -> Any:
        now = self.clock.milliseconds
        kept = self._proxy.get(request)
        if kept is not None and now - kept[0] < self.manners["proxySeconds"] * 1000:
            return kept[1]
        if self.manners["fails"] is not None:
            return Failed(self.manners["fails"])
        try:
            outcome = deepcopy(make())
        except Gone:
            outcome = Failed(410)
        self._proxy[request] = now, outcome
        return outcome

    def addresses(self, done: Done) -> None:
        self._ask("addresses", lambda: self.address, done)

    def events(self, after: int, done: Done) -> None:
        def make() -> Run:
            self.thread.page = self.manners["page"]
            return Run.of(self.thread.after(after))

        self._ask(f"events after {after}", make, done)

    def head(self, done: Done) -> None:
        self._ask("head", lambda: Cursor(**self.thread.head()), done)

    def snapshot(self, done: Done) -> None:
        def take(answer: Json | Failed) -> None:
            if isinstance(answer, Failed):
                done(answer)
                return
            self.told.append(f"takes snapshot {answer['epoch']} {answer['seq']}")
            self.took_snapshot(answer)
            done(Cursor(answer["epoch"], answer["seq"]))

        self._ask("snapshot", self.thread.snapshot, take)
