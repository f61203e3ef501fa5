"""Requests a second: some keep-alive connections, each of which asks again as soon as it is answered.

What wrk does with one thread, in Python so that nothing needs installing; some 20 µs of CPU a request,
which is a tenth of a core at 5,000 requests a second.
"""

import re
import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from loadtest.arrivals import quantile

TIMEOUT_SECONDS: Final = 10.0
READ_BYTES: Final = 262_144
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_CLOSES: Final = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
_BODILESS: Final = (204, 304)


class NoAnswer(Exception):
    """The server refused the connection, or answered what is no HTTP/1.1, or nothing."""


@dataclass(slots=True)
class Rate:
    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    microseconds: Counter[int] = field(default_factory=Counter)  # an answer's time, in steps of 20

    @property
    def per_second(self) -> float:
        """Successful answers a second."""
        good = sum(count for status, count in self.statuses.items() if status < 300)
        return good / self.seconds if self.seconds else 0.0

    @property
    def failed(self) -> int:
        return sum(count for status, count in self.statuses.items() if status >= 300)

    def ms(self, share: float) -> float:
        return quantile(self.microseconds, share) / 1000


@dataclass(slots=True)
class _Client:
    connection: socket.socket
    asked_at: float = 0.0
    request: bytes = b""
    answer: bytes = b""


def closed_loop(
    address: tuple[str, int] | str, requests: Iterator[bytes], *, clients: int, seconds: float
) -> Rate:
    """Keeps `clients` requests under way for so long; an address that is a string is a Unix socket's path.

    Raises NoAnswer.
    """
    rate = Rate()
    with selectors.DefaultSelector() as selector:
        try:
            for _ in range(clients):
                _ask(selector, _Client(_connect(address)), next(requests))
            began = time.monotonic()
            end = began + seconds
            while (now := time.monotonic()) < end:
                ready = selector.select(min(TIMEOUT_SECONDS, end - now))
                if not ready and time.monotonic() < end:
                    raise NoAnswer(f"no answer in {TIMEOUT_SECONDS:g} s")
                for key, _ in ready:
                    _receive(selector, key.data, address, requests, rate)
            rate.seconds = time.monotonic() - began
        except OSError as error:
            raise NoAnswer(f"{address}: {error.strerror or error}") from None
        finally:
            for key in list(selector.get_map().values()):
                key.data.connection.close()
    return rate


def body_end(answer: bytes) -> int | None:
    """Where the answer ends, None while that is not known; chunked ones are looked at from their end."""
    head = answer.find(b"\r\n\r\n")
    if head < 0:
        return None
    if found := _LENGTH.search(answer, 0, head + 2):
        return head + 4 + int(found[1])
    if _CHUNKED.search(answer, 0, head + 2):
        return len(answer) if answer.endswith(b"\r\n0\r\n\r\n") else None
    if status_of(answer) in _BODILESS:
        return head + 4
    raise NoAnswer("an answer without a length")


def status_of(answer: bytes) -> int:
    if not answer.startswith(b"HTTP/1.1 ") or not answer[9:12].isdigit():
        raise NoAnswer(f"no HTTP/1.1: {answer[:40]!r}")
    return int(answer[9:12])


def _connect(address: tuple[str, int] | str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
    connection.settimeout(TIMEOUT_SECONDS)
    try:
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    if not isinstance(address, str):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _ask(selector: selectors.BaseSelector, client: _Client, request: bytes) -> None:
    client.request, client.answer, client.asked_at = request, b"", time.monotonic()
    client.connection.sendall(request)
    if client.connection not in selector.get_map():
        selector.register(client.connection, selectors.EVENT_READ, client)


def _receive(
    selector: selectors.BaseSelector,
    client: _Client,
    address: tuple[str, int] | str,
    requests: Iterator[bytes],
    rate: Rate,
) -> None:
    try:
        chunk = client.connection.recv(READ_BYTES)
    except ConnectionResetError:
        chunk = b""
    if not chunk:
        if client.answer:
            raise NoAnswer("closed within an answer")
        _ask_anew(selector, client, address, client.request)
        return
    client.answer += chunk
    end = body_end(client.answer)
    if end is None or len(client.answer) < end:
        return
    rate.statuses[status_of(client.answer)] += 1
    rate.microseconds[int((time.monotonic() - client.asked_at) * 50_000) * 20] += 1
    if _CLOSES.search(client.answer, 0, client.answer.find(b"\r\n\r\n") + 2):
        _ask_anew(selector, client, address, next(requests))
    else:
        _ask(selector, client, next(requests))


def _ask_anew(
    selector: selectors.BaseSelector, client: _Client, address: tuple[str, int] | str, request: bytes
) -> None:
    """Over another connection: servers answer only so many requests on one."""
    selector.unregister(client.connection)
    client.connection.close()
    client.connection = _connect(address)
    _ask(selector, client, request)
