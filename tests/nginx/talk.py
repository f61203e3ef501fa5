"""Clients by hand: HTTP, WebSocket and EventSource, as odd as a test needs them."""

import base64
import http.client
import json
import os
import socket
import ssl
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

Address = int | str  # a port of the loopback, or the path of a Unix socket

BROWSER_HEADERS: Final = {
    "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36",
    "Pragma": "no-cache",
    "Cache-Control": "no-cache",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en-GB,en-US;q=0.9,en;q=0.8,de;q=0.7",
}
RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST
COUNTING: Final = '{"head":0}'  # changes nothing for a client
TEXT: Final = 1
CLOSE: Final = 8
PING: Final = 9


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Refused(Exception):
    """The handshake was answered otherwise; the text holds the status."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


def ask(
    address: Address,
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    *,
    source: str = "127.0.0.1",
    timeout_seconds: float = 10,
) -> Answer:
    """One request on a connection of its own; raises OSError where nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", timeout=timeout_seconds)
    connection.sock = connected(address, source=source, timeout_seconds=timeout_seconds)
    try:
        connection.request(method, path, body=body or None, headers=dict(headers or {}))
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    except http.client.HTTPException as error:
        raise ConnectionError(repr(error)) from error
    finally:
        connection.close()


def connected(
    address: Address,
    *,
    source: str = "127.0.0.1",
    receive_buffer: int | None = None,
    tls: ssl.SSLContext | None = None,
    timeout_seconds: float = 10,
) -> socket.socket:
    """A connection that gives up where an answer takes longer."""
    made = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
    made.settimeout(timeout_seconds)
    if receive_buffer is not None:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    try:
        if isinstance(address, int):
            made.bind((source, 0))
            made.connect(("127.0.0.1", address))
        else:
            made.connect(address)
        return tls.wrap_socket(made, server_hostname="localhost") if tls else made
    except OSError:
        made.close()
        raise


class Stream:
    """A connection with a head (status and header lines) that was read, and what follows."""

    def __init__(self, connection: socket.socket, path: str, headers: Mapping[str, str]) -> None:
        """Sends a GET; raises OSError, the connection closed, where it breaks before an answer."""
        self.connection = connection
        self._buffer = b""
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        try:
            connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        except OSError:
            connection.close()
            raise
        self.status = int(head[0].split()[1])
        pairs = (line.partition(": ") for line in head[1:] if line)
        self.headers = {name.lower(): value for name, _, value in pairs}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.connection.close()

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.connection.close()

    def is_ended(self) -> bool:
        """Whether the other side has closed, waiting for at most a moment; drops what it had sent."""
        self.connection.settimeout(0.05)
        try:
            while self.connection.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        return True

    def _until(self, end: bytes) -> bytes:
        while end not in self._buffer:
            self._fill()
        found, _, self._buffer = self._buffer.partition(end)
        return found

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._fill()
        found, self._buffer = self._buffer[:size], self._buffer[size:]
        return found

    def _fill(self) -> None:
        chunk = self.connection.recv(65536)
        if not chunk:
            raise ConnectionResetError(f"closed after {self._buffer[:200]!r}")
        self._buffer += chunk


class WebSocket(Stream):
    """A reader on a WebSocket."""

    def __init__(
        self,
        connection: socket.socket,
        path: str,
        headers: Mapping[str, str] | None = None,
        *,
        extensions: str = "",
    ) -> None:
        """Raises Refused where the handshake is answered with anything but 101."""
        shake = {
            "Host": "127.0.0.1",
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            **BROWSER_HEADERS,
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        }
        if extensions:
            shake["Sec-WebSocket-Extensions"] = extensions
        super().__init__(connection, path, {**shake, **(headers or {})})
        if self.status != 101:
            self.close()
            raise Refused(self.status)
        self.was_deflated = False  # the last frame

    def frame(self) -> tuple[int, bytes]:
        """The next frame's opcode and content, inflated where it was deflated."""
        first, second = self._exactly(2)
        size = second & 127
        if size == 126:
            size = struct.unpack("!H", self._exactly(2))[0]
        elif size == 127:
            size = struct.unpack("!Q", self._exactly(8))[0]
        content = self._exactly(size)
        self.was_deflated = bool(first & 0x40)
        if self.was_deflated:
            content = zlib.decompressobj(-15).decompress(content + b"\x00\x00\xff\xff")
        return first & 15, content

    def text(self) -> str:
        """The next frame's text, but for what a test published to count readers."""
        while True:
            opcode, content = self.frame()
            assert opcode == TEXT, (opcode, content)
            if content.decode() != COUNTING:
                return content.decode()

    def send(self, opcode: int, content: bytes, *, claimed: int | None = None) -> None:
        """A frame that may claim to be longer than it is."""
        size = len(content) if claimed is None else claimed
        mask = os.urandom(4)
        length = bytes([0x80 | size]) if size < 126 else b"\xff" + struct.pack("!Q", size)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(content))
        self.connection.sendall(bytes([0x80 | opcode]) + length + mask + masked)


class EventStream(Stream):
    """A reader on an EventSource."""

    def __init__(
        self, connection: socket.socket, path: str, headers: Mapping[str, str] | None = None
    ) -> None:
        shake = {"Host": "127.0.0.1", "Accept": "text/event-stream", **BROWSER_HEADERS}
        super().__init__(connection, path, {**shake, **(headers or {})})
        if self.status != 200:
            self.close()
            raise Refused(self.status)

    def data(self) -> str:
        """The next event's data, but for what a test published to count readers."""
        while True:
            line = self._until(b"\n").decode().rstrip("\r")
            if line.startswith("data: ") and line != f"data: {COUNTING}":
                return line.removeprefix("data: ")
