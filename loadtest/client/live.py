"""Keeps a reader current: a WebSocket while there is one, else polling, and the way back.

The twin of embed/src/live.ts for readers that know no EventSource and are no tab: the ladder has two rungs
instead of three, nothing is hidden or dark, nobody types, and the machine is taken to be online. All else is
the same, to the number: tests/vectors hold both to it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from loadtest.client.carriers import Carrier, Connect, Poll
from loadtest.client.catchup import Catchup, CatchupListener, CatchupSource
from loadtest.client.frames import Cursor, Failed, Run
from loadtest.client.timers import Clock, Timers

SOCKET: Final = 0
POLL: Final = 1
TRIES_UNPROVEN: Final = 3  # failures of a carrier that never opened here before the next one is tried
TRIES_PROVEN: Final = (
    8  # about a minute of backoff: it did work, so the server is down rather than the way blocked
)
OPEN_SECONDS: Final = 8  # a connection that neither opens nor fails is a swallowed one
STABLE_SECONDS: Final = 5  # a shorter life does not reset the backoff, or a flapping server is hammered
CATCHUP_SECONDS: Final = 2  # over which those who lost their connection together ask for what they missed
TOO_MANY_SOCKETS: Final = 4029
GOING_AWAY: Final = frozenset({1001, 1012})

LiveState = Literal["live", "reconnecting", "offline"]


class LiveSource(CatchupSource, Protocol):
    def addresses(self, done: Callable[[str | Failed], object]) -> None:
        """Another address of the thread's WebSocket, as good as the first was at the start."""


class LiveListener(CatchupListener, Protocol):
    def readers(self, count: int) -> None: ...

    def typing(self, count: int) -> None: ...

    def state(self, state: LiveState) -> None: ...


@dataclass(frozen=True, slots=True)
class LiveOptions:
    address: str
    cursor: Cursor
    spread_seconds: float  # the window over which a restarted server wants its readers back
    silence_seconds: (
        float  # how long a connection may bring nothing before the head is asked for, within a half
    )


class Live:
    def __init__(
        self,
        options: LiveOptions,
        *,
        clock: Clock,
        connect: Connect,
        source: LiveSource,
        listener: LiveListener,
    ) -> None:
        self._options = options
        self._address = options.address
        self._open_socket = connect
        self._source = source
        self._listener = listener
        self._timers = Timers(clock)
        self._catchup = Catchup(options.cursor, source, listener, self._timers)
        self._proven = [False, True]
        self._current: _Line | None = None
        self._candidate: _Line | None = None
        self._rung = SOCKET
        self._failures = 0
        self._attempt = 0
        self._climbs = 0
        self._opened_at: float | None = None  # None while nothing is open
        self._is_wanted = False

    @property
    def cursor(self) -> Cursor:
        """Where the reader stands."""
        return self._catchup.cursor

    def start(self) -> None:
        """Connects, or checks a connection that was left alone for a while. `show` in the embed."""
        self._is_wanted = True
        if self._opened_at is not None:
            self._check_head()
        elif self._current is None:
            self._connect_now()

    def stop(self) -> None:
        self._is_wanted = False
        self._drop()
        self._timers.clear("connect")

    def online(self) -> None:
        """The network is back or has changed: the old connection may be dead without knowing it."""
        if self._is_wanted:
            self._drop()
            self._connect_now()

    def rewind(self, cursor: Cursor) -> None:
        """The state took in a page that stands at `cursor`."""
        self._catchup.rewind(cursor)

    # --- connecting -------------------------------------------------------------------------------------

    def _connect_now(self) -> None:
        self._attempt = 0
        self._connect()

    def _connect(self) -> None:
        self._timers.clear("connect")
        if self._failures and self._rung < POLL:
            self._renew_address(self._dial_if_wanted)
        else:
            self._dial_if_wanted()

    def _renew_address(self, then: Callable[[], object]) -> None:
        """What did not open may have expired, or its node be gone. While the API is away the old one is as
        good as any."""

        def renewed(answer: str | Failed) -> None:
            if not isinstance(answer, Failed):
                self._address = answer
            then()

        self._source.addresses(renewed)

    def _dial_if_wanted(self) -> None:
        if not self._is_wanted or self._current is not None:
            return
        self._current = self._dial(self._rung)
        if self._rung < POLL:
            # A way that is known to work and fails is crowded: who gives up soon has to begin again.
            is_crowded = self._proven[self._rung] and self._failures > 0
            self._timers.after("open", OPEN_SECONDS * (1 + is_crowded), lambda: self._lost(0))

    def _dial(self, rung: int) -> "_Line":
        line = _Line(self, rung)
        if rung == POLL:
            line.carrier = Poll(self._catchup.fill, self._timers, line)
        else:
            line.carrier = self._open_socket(self._address, line)
        return line

    def line_opened(self, line: "_Line") -> None:
        if line is not self._current:
            self._adopt(line)
        self._timers.clear("open")
        self._failures = 0
        self._proven[self._rung] = True
        self._opened_at = self._timers.now()
        self._listener.state("live")
        if self._rung < POLL:
            self._listen_for_silence()
            if self._attempt:
                wait = self._timers.between(0, CATCHUP_SECONDS)
                self._timers.after("catchup", wait, self._catchup.fill)
            else:
                self._catchup.fill()
        self._plan_climb()

    def line_closed(self, line: "_Line", code: int) -> None:
        if line is self._current:
            self._lost(code)
        else:
            self._plan_climb()

    def _lost(self, code: int) -> None:
        since = self._opened_at
        if since is not None and self._timers.now() - since > STABLE_SECONDS:
            self._attempt = 0
        self._drop()
        if 4400 <= code < 4500:
            self._is_wanted = False
            self._listener.state("offline")
            return
        if since is None:
            self._count_failure()
        self._listener.state("reconnecting")
        self._timers.after("connect", self._delay_seconds(code), self._connect)

    def _count_failure(self) -> None:
        self._failures += 1
        tries = TRIES_PROVEN if self._proven[self._rung] else TRIES_UNPROVEN
        if self._rung < POLL and self._failures >= tries:
            self._rung += 1
            self._failures = self._attempt = 0

    def _delay_seconds(self, code: int) -> float:
        if code == TOO_MANY_SOCKETS:
            return self._timers.between(30, 90)
        if code in GOING_AWAY:
            return self._timers.between(0, self._options.spread_seconds)
        self._attempt += 1
        return self._timers.backoff(self._attempt - 1)

    def _drop(self) -> None:
        for line in (self._current, self._candidate):
            if line is not None:
                line.carrier.close()
        self._current = self._candidate = None
        self._opened_at = None
        self._timers.clear("open", "silence", "climb", "catchup")

    # --- the way back to the socket ---------------------------------------------------------------------

    def _plan_climb(self) -> None:
        """While it polls, now and then try the socket beside it."""
        if self._candidate is not None:
            self._candidate.carrier.close()
            self._candidate = None
        self._timers.clear("climb")
        if self._rung > SOCKET:
            self._timers.after(
                "climb", self._timers.between(60, 120) * 2 ** min(self._climbs, 3), self._climb
            )

    def _climb(self) -> None:
        beside = self._current

        def dial() -> None:
            if self._current is not beside:
                return  # it broke or was let go in the meantime
            self._timers.after("climb", OPEN_SECONDS, self._plan_climb)
            self._climbs += 1
            self._candidate = self._dial(SOCKET)

        self._renew_address(dial)

    def _adopt(self, line: "_Line") -> None:
        self._candidate = None
        if self._current is not None:
            self._current.carrier.close()
        self._current = line
        self._rung = line.rung
        self._climbs = 0

    # --- what comes, or does not ------------------------------------------------------------------------

    def take_frame(self, text: str) -> None:
        self._listen_for_silence()
        frame = json.loads(text)
        if "readers" in frame:
            self._listener.readers(frame["readers"])
        if "typing" in frame:
            self._listener.typing(frame["typing"])
        if frame.get("totals"):
            self._listener.totals(frame["totals"])
        if frame.get("events") is not None:
            self._catchup.take_frame(Run.of(frame))
        elif "head" in frame:
            self._catchup.take_head(Cursor(frame["epoch"], frame["head"]))

    def _listen_for_silence(self) -> None:
        seconds = self._timers.between(0.5, 1.5) * self._options.silence_seconds
        self._timers.after("silence", seconds, self._check_head)

    def _check_head(self) -> None:
        """A connection that brings nothing while the thread moves on is dead, whatever it says; a server's
        error is not."""
        checked = self._current
        if self._rung == POLL:
            return

        def answered(answer: Cursor | Failed) -> None:
            is_suspect = not answer.status if isinstance(answer, Failed) else self._catchup.take_head(answer)
            if checked is not self._current:
                return
            if is_suspect:
                self._lost(0)
            else:
                self._listen_for_silence()

        self._source.head(answered)


class _Line:
    """A carrier, and who it reports for."""

    carrier: Carrier

    def __init__(self, live: Live, rung: int) -> None:
        self._live = live
        self.rung = rung

    def opened(self) -> None:
        self._live.line_opened(self)

    def frame(self, text: str) -> None:
        self._live.take_frame(text)

    def closed(self, code: int) -> None:
        self._live.line_closed(self, code)
