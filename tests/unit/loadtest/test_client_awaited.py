"""The Python client under asyncio: the same engine, with coroutines for requests."""

import asyncio
from dataclasses import dataclass, field

from loadtest.client.awaited import AwaitedSource, LoopClock, RequestFailed
from loadtest.client.catchup import Catchup
from loadtest.client.frames import Cursor, Event, Run, Totals
from loadtest.client.timers import Timers


@dataclass
class Requests:
    """A server that fails as often as it is told to, and then has two events."""

    statuses: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def events(self, after: int) -> Run:
        self.asked.append(f"events after {after}")
        if self.statuses:
            raise RequestFailed(self.statuses.pop())
        return Run("e1", [{"seq": seq} for seq in range(after + 1, 3)], head=2, totals={})

    async def head(self) -> Cursor:
        return Cursor("e1", 2)

    async def snapshot(self) -> Cursor:
        self.asked.append("snapshot")
        return Cursor("e1", 2)

    async def addresses(self) -> str:
        return "ws://host/live/k"


class Listener:
    def __init__(self) -> None:
        self.seqs: list[int] = []

    def event(self, event: Event) -> None:
        self.seqs.append(event["seq"])

    def totals(self, totals: Totals) -> None:
        pass


def catchup_from(requests: Requests, listener: Listener) -> Catchup:
    return Catchup(Cursor("e1", 0), AwaitedSource(requests), listener, Timers(LoopClock(lambda: 0.0)))


async def test_a_request_brings_what_was_missed() -> None:
    requests, listener = Requests(), Listener()
    reached: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    catchup_from(requests, listener).fill(reached.set_result)

    assert await reached
    assert listener.seqs == [1, 2]
    assert requests.asked == ["events after 0"]


async def test_a_request_that_fails_tells_so() -> None:
    requests, listener = Requests(statuses=[503]), Listener()
    reached: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    catchup_from(requests, listener).fill(reached.set_result)

    assert not await reached
    assert listener.seqs == []


async def test_what_is_given_up_tells_nobody() -> None:
    requests = Requests()
    source = AwaitedSource(requests)
    told: list[object] = []

    source.head(told.append)
    source.close()
    await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()}, return_exceptions=True)

    assert told == []
