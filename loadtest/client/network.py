"""Real sockets and requests for the client, by aiohttp."""

import asyncio
import contextlib
import json
from collections.abc import Coroutine
from functools import lru_cache
from typing import Any, Final, NamedTuple

import aiohttp

from loadtest.client.carriers import CarrierEvents

ANSWER_SECONDS: Final = 15.0  # as in embed/src/api.ts
REQUESTS_MAX: Final = 1_000  # under way at once, over connections that are kept
BROKEN: Final = 1006
CLOSING_SECONDS: Final = 2.0
MAX_FRAME_BYTES: Final = 1 << 20


class Answer(NamedTuple):
    """`status` 0: no answer came. `content` is its JSON where the status is 200."""

    status: int
    content: Any
    x_cache: str


# Fifty readers of a thread get the same text; what they make of it they replace, and never change.
parsed: Final = lru_cache(maxsize=512)(json.loads)


class Network:
    """Everybody's connections, from one of this machine's addresses; a context."""

    def __init__(self, base_url: str, address: str | None = None) -> None:
        self.base_url = base_url.rstrip("/")
        self._from = (address, 0) if address else None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Network":
        self._requests = self._made_session(REQUESTS_MAX)
        self._sockets = self._made_session(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in list(self._tasks):
            task.cancel()
        await self._requests.close()
        await self._sockets.close()

    def _made_session(self, limit: int) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=limit, local_addr=self._from),
            timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
            headers={"User-Agent": "kibitz-readers"},
        )

    async def get(self, path: str) -> Answer:
        try:
            async with self._requests.get(self.base_url + path) as answer:
                text = await answer.text()
                content = parsed(text) if answer.status == 200 else None
                return Answer(answer.status, content, answer.headers.get("X-Cache", ""))
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return Answer(0, None, "")

    def begin(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Runs it beside everything else."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def connect(self, address: str, on: CarrierEvents) -> "WebSocket":
        """The Connect of loadtest.client.carriers."""
        return WebSocket(self, self._sockets, address, on)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.result()  # a fault of ours is to be seen


class WebSocket:
    """The Carrier of loadtest.client.carriers over a real socket."""

    def __init__(
        self, network: Network, session: aiohttp.ClientSession, address: str, on: CarrierEvents
    ) -> None:
        self._session = session
        self._address = address
        self._origin = network.base_url
        self._on: CarrierEvents | None = on
        self._task = network.begin(self._run())

    def close(self) -> None:
        self._on = None
        self._task.cancel()

    async def _run(self) -> None:
        code = BROKEN
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):  # it never opened, or broke
            code = await self._listen()
        if self._on is not None:
            self._on.closed(code)

    async def _listen(self) -> int:
        """The close code."""
        socket = await self._session.ws_connect(
            self._address,
            origin=self._origin,
            timeout=aiohttp.ClientWSTimeout(ws_close=CLOSING_SECONDS),
            max_msg_size=MAX_FRAME_BYTES,
        )
        async with socket:
            if self._on is not None:
                self._on.opened()
            async for message in socket:
                if message.type == aiohttp.WSMsgType.TEXT and self._on is not None:
                    self._on.frame(message.data)
        return socket.close_code or BROKEN
