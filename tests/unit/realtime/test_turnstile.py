"""So many requests at once, and the next when an answer begins."""

import asyncio
from typing import Any

from realtime.turnstile import Turnstile


class Application:
    """Answers in two parts, each when it is told to."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.may_answer, self.may_end = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.begun.append(scope["number"])
        await self.may_answer.wait()
        if scope["number"] == 0:
            raise ValueError("broken")
        await send({"type": "http.response.start"})
        await self.may_end.wait()
        await send({"type": "http.response.body"})


async def ignored(message: Any) -> None:
    pass


async def turned() -> None:
    """Lets everybody do what they can."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_others_wait_in_order_until_an_answer_begins_or_fails() -> None:
    application = Application()
    turnstile = Turnstile(application, at_once=2)
    asked = [asyncio.ensure_future(turnstile({"number": n}, None, ignored)) for n in range(5)]  # type: ignore[arg-type]

    await turned()
    assert application.begun == [0, 1]

    application.may_answer.set()
    await turned()
    assert application.begun == [0, 1, 2, 3, 4]
    assert [one.done() for one in asked] == [True, False, False, False, False]

    application.may_end.set()
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(result) for result in results] == [ValueError, *[type(None)] * 4]


async def test_who_leaves_while_waiting_takes_no_turn() -> None:
    application = Application()
    turnstile = Turnstile(application, at_once=1)
    asked = [asyncio.ensure_future(turnstile({"number": n}, None, ignored)) for n in range(1, 4)]  # type: ignore[arg-type]
    await turned()

    asked[1].cancel()
    application.may_answer.set()
    application.may_end.set()
    await asyncio.gather(*asked, return_exceptions=True)

    assert application.begun == [1, 3]
