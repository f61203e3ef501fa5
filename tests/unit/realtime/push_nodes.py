"""A push node that answers as a test wants."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_POST: Final = re.compile(rb"(?:POST|GET) /(?:pubz?/)?(\w+) HTTP/1\.1\r\n.*?\r\n\r\n", re.DOTALL)
_LENGTH: Final = re.compile(rb"Content-Length: (\d+)")


class FakeNode:
    """Takes requests on a Unix socket; `statuses`, `held` and `breaks_on` are by thread."""

    def __init__(self, path: Path) -> None:
        self.address = f"unix:{path}"
        self.arrived: list[tuple[str, str]] = []
        self.connections = 0
        self.statuses: dict[str, int] = {}
        self.held: dict[str, threading.Event] = {}
        self.breaks_on: set[str] = set()
        self.subscribers = 0  # as its status says
        self._sockets: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """As a node that dies: nobody is let in, and what is open ends."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()

    def hang_up(self) -> None:
        """Ends what is open, as nginx does with a connection that lay idle."""
        for connection in self._sockets:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                self._sockets.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        received = b""
        with connection, suppress(OSError):
            while chunk := connection.recv(65536):
                received += chunk
                while (head := _POST.match(received)) is not None:
                    length = _LENGTH.search(head[0])
                    end = head.end() + (int(length[1]) if length else 0)
                    if len(received) < end:
                        break
                    body, received = received[head.end() : end], received[end:]
                    if not self._answer(connection, head[1].decode(), body.decode()):
                        return

    def _answer(self, connection: socket.socket, key: str, body: str) -> bool:
        if key in self.breaks_on:
            return False
        if key in self.held:
            self.held[key].wait(10)
        if key in {"healthz", "status"}:
            text = b"ok" if key == "healthz" else b"channels: 80\nsubscribers: %d\n" % self.subscribers
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text))
            return True
        self.arrived.append((key, body))
        status = self.statuses.get(key, 201)
        told = b'{"messages": 0, "subscribers": 7 }'
        connection.sendall(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(told), told))
        return True


@contextmanager
def fake_node(directory: Path) -> Iterator[FakeNode]:
    node = FakeNode(directory / "node.sock")
    try:
        yield node
    finally:
        for held in node.held.values():
            held.set()
        with suppress(OSError):
            node.close()
