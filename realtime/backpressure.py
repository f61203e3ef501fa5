"""What Daphne lacks for many readers: a send that waits for a slow one, and one encoding for all."""

import asyncio
import socket
import struct
from typing import Any, Final

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

KERNEL_BUFFER_BYTES: Final = 64 * 1024  # Linux doubles it; grown on its own it may hold 4 MiB for each reader
STALL_SECONDS: Final = 15


class FrameEncoder:
    """Makes the bytes of a WebSocket text frame once for all the sockets that get the same text.

    Through autobahn's sendMessage each socket encodes it anew: a quarter of a delivery's CPU.
    """

    def __init__(self) -> None:
        self._text = ""
        self._encoded = b""

    def encoded(self, text: str) -> bytes:
        """One unmasked, unfragmented text frame (RFC 6455, 5.2)."""
        if text is not self._text:
            payload = text.encode()
            if len(payload) < 126:
                head = struct.pack("!BB", 0x81, len(payload))
            elif len(payload) < 65536:
                head = struct.pack("!BBH", 0x81, 126, len(payload))
            else:
                head = struct.pack("!BBQ", 0x81, 127, len(payload))
            self._text, self._encoded = text, head + payload
        return self._encoded


@implementer(IPushProducer)
class Gate:
    """Closed while more than 64 KiB (Twisted's bufferSize) wait in the transport, open when all is sent.

    With `stops_reading` a client is not read from either while it is closed: the answers to its pings would
    wait there too, without bound.
    """

    def __init__(self, transport: Any, *, stops_reading: bool = False) -> None:
        self.transport = transport
        self._stops_reading = stops_reading
        self._waiters: list[asyncio.Future[None]] = []
        self.is_open = True

    def pauseProducing(self) -> None:  # noqa: N802  Twisted's name
        self.is_open = False
        if self._stops_reading:
            self.transport.pauseProducing()

    def resumeProducing(self) -> None:  # noqa: N802
        self.is_open = True
        if self._stops_reading:
            self.transport.resumeProducing()
        self._release()

    def stopProducing(self) -> None:  # noqa: N802  the connection is lost
        self.is_open = True
        self._release()

    async def passed(self) -> None:
        """Returns when the gate is open."""
        while not self.is_open:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter

    def _release(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)


def bound_kernel_buffer(transport: Any) -> None:
    """Bounds what the kernel holds for a reader, and has it drop one that took nothing for 15 s."""
    handle = transport.getHandle()
    if not isinstance(handle, socket.socket) or handle.family not in (socket.AF_INET, socket.AF_INET6):
        return
    handle.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER_BYTES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALL_SECONDS * 1000)
