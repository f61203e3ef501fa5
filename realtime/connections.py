"""Which connections Daphne holds: so many, and none for somebody who says nothing."""

from typing import Any, Final

from twisted.internet.protocol import Factory
from twisted.web.http import HTTPChannel

SILENCE_SECONDS: Final = 10  # from the connection to the first byte of a request
REQUEST_SECONDS: Final = 20  # from there to its last byte, which for 256 KiB is a phone on a bad day
IDLE_SECONDS: Final = 60  # from an answer to the next request
REQUEST_MAX_BYTES: Final = 1024 * 1024  # four times what the API reads of a body and refuses in its own words

_TOO_LARGE: Final = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_Channel: Any = HTTPChannel  # its methods have no types


def limit_connections(port: Any, most: int) -> None:
    """Holds no more than `most` connections of a listening port; one more is closed at once. To be called
    before it takes any."""
    port.factory.protocol = DeadlineChannel
    port.factory.timeOut = SILENCE_SECONDS
    port.factory = CountingFactory(port.factory, most)
    port.transport = _counted(port.transport, port.factory.held)


class CountingFactory(Factory):
    """Makes protocols like another factory, while there is room."""

    noisy = False

    def __init__(self, inner: Any, most: int) -> None:
        self.held: set[Any] = set()
        self._inner = inner
        self._most = most

    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802  Twisted's name
        """None, which closes the connection, where there are enough."""
        return self._inner.buildProtocol(addr) if len(self.held) < self._most else None

    def doStart(self) -> None:  # noqa: N802
        self._inner.doStart()

    def doStop(self) -> None:  # noqa: N802
        self._inner.doStop()


def _counted(transport: type[Any], held: set[Any]) -> type[Any]:
    """The transport's class, known while its connection lasts. Protocols come and go on one: a WebSocket
    begins as HTTP."""

    class Counted(transport):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            held.add(self)

        def connectionLost(self, reason: Any) -> None:  # noqa: N802
            held.discard(self)
            super().connectionLost(reason)

    return Counted


class DeadlineChannel(_Channel):  # type: ignore[misc]
    """A request has to arrive whole in a time, and has an end. Twisted's own time starts anew with each byte,
    so that a byte now and then holds a connection for as long as somebody likes; and what it takes of a body
    it keeps in a file, whatever the size."""

    _received_bytes = 0

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        if not self._received_bytes:
            self.setTimeout(REQUEST_SECONDS)
        self._received_bytes += len(data)
        if self._received_bytes > REQUEST_MAX_BYTES:
            if not self._handlingRequest:
                self.transport.write(_TOO_LARGE)
            self.loseConnection()
            return
        super().dataReceived(data)

    def resetTimeout(self) -> None:  # noqa: N802
        """Not for a byte."""

    def requestDone(self, request: Any) -> None:  # noqa: N802
        super().requestDone(request)
        if self.persistent and not self._handlingRequest:
            self._received_bytes = 0
            self.setTimeout(IDLE_SECONDS)
