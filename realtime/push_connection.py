"""One keep-alive HTTP connection to a push node, with several requests on their way at once."""

import re
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final, NamedTuple
from urllib.parse import urlsplit

LOOK_SECONDS: Final = 1.0  # how often one that does not answer is thought about
CONNECT_SECONDS: Final = 1.0  # push nodes are on this machine or in the same network
_RECEIVE_BYTES: Final = 65_536
_MAX_ANSWER_BYTES: Final = 65_536  # Nchan's take 300
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
# Of a publisher's answer in JSON, and of nchan_stub_status in plain text.
_SUBSCRIBERS: Final = re.compile(rb'\bsubscribers"?: *(\d+)')


class ConnectionLost(Exception):
    """The node closed the connection, cannot be reached, or speaks something else."""


class NoAnswer(ConnectionLost):
    """The node took longer than it may."""


class Answer(NamedTuple):
    """`subscribers` is how many sockets the node says the frame went to, or in all where it was asked so."""

    status: int
    subscribers: int


def post_request(path: str, body: bytes) -> bytes:
    """A POST that asks Nchan for its answer in JSON."""
    head = f"POST {path} HTTP/1.1\r\nHost: push\r\nAccept: text/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def get_request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: push\r\n\r\n".encode()


class PushConnection:
    """A connection to `address` (http://host:port or unix:/path), opened when it is used.

    geventhttpclient sends one request and waits for its answer; here the requests of one `exchange` go out in
    one write, which costs a third. Belongs to one thread, but for `abort`. `may_wait` is asked once a second,
    with how many seconds nothing has come; it may block.
    """

    def __init__(self, address: str, *, may_wait: Callable[[float], bool]) -> None:
        self._address = address
        self._may_wait = may_wait
        self._socket: socket.socket | None = None
        self._buffer = b""

    @property
    def is_open(self) -> bool:
        """Whether an earlier exchange left it open; the node may have closed it since."""
        return self._socket is not None

    def exchange(self, requests: Sequence[bytes]) -> Iterator[Answer]:
        """The answers, in order, as they come; raises ConnectionLost, and then is closed."""
        try:
            if self._socket is None:
                self._socket = self._connected()
            self._socket.sendall(b"".join(requests))
            for _ in requests:
                yield self._answer(self._socket)
        except TimeoutError as error:
            self.close()
            raise NoAnswer("it does not answer") from error
        except OSError as error:
            self.close()
            raise ConnectionLost(str(error)) from error
        except ConnectionLost:
            self.close()
            raise

    def abort(self) -> None:
        """Ends an exchange that another thread waits in; it raises ConnectionLost there."""
        connection = self._socket
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._buffer = b""

    def _connected(self) -> socket.socket:
        if self._address.startswith("unix:"):
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(CONNECT_SECONDS)
            try:
                connection.connect(self._address.removeprefix("unix:"))
            except OSError:
                connection.close()
                raise
        else:
            parts = urlsplit(self._address)
            connection = socket.create_connection((parts.hostname or "", parts.port or 80), CONNECT_SECONDS)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(LOOK_SECONDS)
        return connection

    def _answer(self, connection: socket.socket) -> Answer:
        while (head_end := self._buffer.find(b"\r\n\r\n")) < 0:
            self._receive(connection)
        head = self._buffer[: head_end + 2]
        length = _LENGTH.search(head)
        if not head.startswith(b"HTTP/1.") or length is None:
            raise ConnectionLost("an answer that is not HTTP as Nchan speaks it")
        end = head_end + 4 + int(length[1])
        while len(self._buffer) < end:
            self._receive(connection)
        subscribers = _SUBSCRIBERS.search(self._buffer, head_end, end)
        self._buffer = self._buffer[end:]
        return Answer(int(head[9:12]), int(subscribers[1]) if subscribers else 0)

    def _receive(self, connection: socket.socket) -> None:
        received = self._received(connection)
        if not received or len(self._buffer) > _MAX_ANSWER_BYTES:
            raise ConnectionLost("the node closed the connection")
        self._buffer += received

    def _received(self, connection: socket.socket) -> bytes:
        """Raises TimeoutError when it was waited for long enough."""
        since = time.monotonic()
        while True:
            try:
                return connection.recv(_RECEIVE_BYTES)
            except TimeoutError:
                if not self._may_wait(time.monotonic() - since):
                    raise
