"""The client's ports under asyncio: requests as coroutines, the loop's clock."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Protocol, TypeVar

from loadtest.client.frames import Cursor, Failed, Run

T = TypeVar("T")
Request = Callable[[], Coroutine[Any, Any, T]]


class RequestFailed(Exception):
    def __init__(self, status: int = 0) -> None:
        """`status` 0: no answer came."""
        super().__init__(status)
        self.status = status


class AwaitedRequests(Protocol):
    """The four requests. Each raises RequestFailed, also when none comes within 15 s, as in the embed."""

    async def events(self, after: int) -> Run: ...

    async def head(self) -> Cursor: ...

    async def snapshot(self) -> Cursor: ...

    async def addresses(self) -> str: ...


class AwaitedSource:
    """A LiveSource that carries out coroutines; made and used inside a running loop."""

    def __init__(self, requests: AwaitedRequests) -> None:
        self._requests = requests
        self._tasks: set[asyncio.Task[None]] = set()  # the loop itself holds on to none of them

    def events(self, after: int, done: Callable[[Run | Failed], object]) -> None:
        self._carry_out(partial(self._requests.events, after), done)

    def head(self, done: Callable[[Cursor | Failed], object]) -> None:
        self._carry_out(self._requests.head, done)

    def snapshot(self, done: Callable[[Cursor | Failed], object]) -> None:
        self._carry_out(self._requests.snapshot, done)

    def addresses(self, done: Callable[[str | Failed], object]) -> None:
        self._carry_out(self._requests.addresses, done)

    def close(self) -> None:
        """Gives up what is under way; nobody is told."""
        for task in self._tasks:
            task.cancel()

    def _carry_out(self, request: Request[T], done: Callable[[T | Failed], object]) -> None:
        task = asyncio.create_task(_answered(request, done))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _answered(request: Request[T], done: Callable[[T | Failed], object]) -> None:
    try:
        answer: T | Failed = await request()
    except RequestFailed as failure:
        answer = Failed(failure.status)
    done(answer)


class LoopClock:
    """The running loop's time; `chance` is at least 0 and less than 1."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self._loop = asyncio.get_running_loop()
        self._chance = chance

    def call_later(self, seconds: float, run: Callable[[], object]) -> asyncio.TimerHandle:
        return self._loop.call_later(seconds, run)

    def monotonic(self) -> float:
        return self._loop.time()

    def random(self) -> float:
        return self._chance()
