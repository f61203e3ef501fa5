"""Lets a bounded number of requests into Django at once."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, Final

AsgiApplication = Callable[..., Any]

# Django takes a thread and a database connection for each request. Two hundred posts at once, each asking
# SQLite again and again for its one writer's place, took 10.8 s; sixteen at a time, 4.3 s. Fewer are a little
# faster still, but then a few requests that wait for something else hold up everybody.
AT_ONCE: Final = 16


class Turnstile:
    """An ASGI application in front of another: requests beyond `at_once` wait, first come first served, until
    an answer before them begins. A slow reader of an answer holds up nobody."""

    def __init__(self, application: AsgiApplication, at_once: int = AT_ONCE) -> None:
        self._application = application
        self._turn = asyncio.Semaphore(at_once)

    async def __call__(self, scope: Any, receive: AsgiApplication, send: AsgiApplication) -> None:
        async with AsyncExitStack() as turn:
            await turn.enter_async_context(self._turn)

            async def answering(message: Any) -> None:
                await turn.aclose()
                await send(message)

            await self._application(scope, receive, answering)
