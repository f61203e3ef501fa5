"""A TCP proxy between the browser and Kibitz, so that a fault of the network is a real one."""

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Final

RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST
CHUNK_BYTES: Final = 65536
FORBIDDEN: Final = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
UPGRADE: Final = b"upgrade: websocket"
EVENT_STREAM: Final = b"accept: text/event-stream"


class Proxy:
    """Passes everything on, but for what a test has it refuse."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._blocked: tuple[bytes, ...] = ()
        self._unanswered: bytes | None = None
        self._is_away = False
        self.refused = 0
        self.blocked = 0
        self.unanswered = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def cut(self) -> None:
        """The network goes away: every connection is reset, and new ones are, until `allow`."""
        with self._lock:
            self._is_away = True
            open_now = list(self._connections)
        for connection in open_now:
            with contextlib.suppress(OSError):  # it ended by itself
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                connection.shutdown(socket.SHUT_RDWR)

    def block(self, *heads: bytes) -> None:
        """Answers 403 to requests whose head has one of these (in lower case), as some firewalls do."""
        self._blocked = heads

    def lose_answers(self, head: bytes) -> None:
        """Requests with this in their (lower-case) head are carried out, and their answers lost."""
        self._unanswered = head

    def allow(self) -> None:
        """Everything passes again."""
        self._is_away, self._blocked, self._unanswered = False, (), None

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the accept, which close alone would not
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed
            if self._is_away:
                self.refused += 1
                _refuse(client)
            else:
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._target_port))
        except OSError:
            _refuse(client)
            return
        with self._lock:
            self._connections |= {client, server}
        is_lost = threading.Event()
        answers = threading.Thread(target=self._pass_answers, args=(server, client, is_lost), daemon=True)
        answers.start()
        self._pass_requests(client, server, is_lost)
        answers.join()
        with self._lock:
            self._connections -= {client, server}
        client.close()
        server.close()

    def _pass_requests(self, client: socket.socket, server: socket.socket, is_lost: threading.Event) -> None:
        with _ending(client, server):
            while chunk := client.recv(CHUNK_BYTES):
                head = chunk.lower()
                if any(blocked in head for blocked in self._blocked):
                    self.blocked += 1
                    client.sendall(FORBIDDEN)
                    return
                if self._unanswered and self._unanswered in head:
                    is_lost.set()
                server.sendall(chunk)

    def _pass_answers(self, server: socket.socket, client: socket.socket, is_lost: threading.Event) -> None:
        with _ending(server, client):
            while chunk := server.recv(CHUNK_BYTES):
                if is_lost.is_set():
                    self.unanswered += 1
                    return
                client.sendall(chunk)


@contextlib.contextmanager
def _ending(*connections: socket.socket) -> Iterator[None]:
    """When one direction ends, so does the other."""
    try:
        with contextlib.suppress(OSError):
            yield
    finally:
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def _refuse(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    client.close()
