"""How many connections Daphne holds."""

from typing import Any

from twisted.internet.protocol import Factory


def limit_connections(port: Any, most: int) -> None:
    """Holds no more than `most` connections of a listening port; one more is closed at once. To be called
    before it takes any."""
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
