"""What waits for one reader: bounded; a reader that is too slow is told to come back."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

MAX_WAITING_FRAMES: Final = 100
MAX_WAITING_BYTES: Final = 256 * 1024

GOING_AWAY: Final = 1001
SUBSCRIPTION_LOST: Final = 4001
SLOW_READER: Final = 4008
TOO_MANY_SOCKETS: Final = 4029
MALFORMED_KEY: Final = 4400
FOREIGN_ORIGIN: Final = 4403


class Mailbox:
    """The frames that wait for one socket.

    `on_close` is called once, with the close code, when the hub or the bound ends the socket; it must not
    block. Belongs to one event loop.
    """

    __slots__ = ("_bytes", "_frames", "_is_closed", "_waiter", "address", "key", "on_close")

    def __init__(self, key: str, address: str, on_close: Callable[[int], None]) -> None:
        self.key = key
        self.address = address
        self.on_close = on_close
        self._frames: deque[str] = deque()
        self._bytes = 0
        self._waiter: asyncio.Future[None] | None = None
        self._is_closed = False

    def put(self, frame: str) -> None:
        """Adds a frame, or closes the socket when too much waits already."""
        if self._is_closed:
            return
        # Characters for bytes: within a factor of three, and it costs nothing per delivery.
        self._bytes += len(frame)
        if self._frames and (len(self._frames) >= MAX_WAITING_FRAMES or self._bytes > MAX_WAITING_BYTES):
            self.close(SLOW_READER)
            return
        self._frames.append(frame)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def take(self) -> str:
        """The next frame, in order; waits for it. For one caller at a time."""
        while not self._frames:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        frame = self._frames.popleft()
        self._bytes -= len(frame)
        return frame

    def close(self, code: int) -> None:
        """Ends the socket with `code`; what waited is dropped."""
        if not self._is_closed:
            self._is_closed = True
            self._frames.clear()
            self.on_close(code)
