"""A server of somebody else's on the loopback, which answers, hangs, lies, drips or never ends."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

OK: Final = "200 OK"
Behaviour = Callable[["Asked", socket.socket, threading.Event], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came."""

    line: str
    headers: dict[str, str]  # names in lower case
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Service:
    """Behaves as `behaviour` says, which a test may change at any time; `asked` is what came."""

    behaviour: Behaviour
    asked: list[Asked] = field(default_factory=list)
    port: int = 0
    _ending: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/check"

    def serve(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=[connection], daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, ValueError):
            asked = _read(connection)
            self.asked.append(asked)
            self.behaviour(asked, connection, self._ending)

    def end(self) -> None:
        self._ending.set()


@contextlib.contextmanager
def service(behaviour: Behaviour) -> Iterator[Service]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        found = Service(behaviour, port=listening.getsockname()[1])
        threading.Thread(target=found.serve, args=[listening], daemon=True).start()
        try:
            yield found
        finally:
            found.end()
            listening.shutdown(socket.SHUT_RDWR)  # or accept() would wait on


def says(outcome: str, reason: str = "") -> Behaviour:
    return answers(json.dumps({"outcome": outcome, "reason": reason}))


def answers(body: str | bytes, status: str = OK, **headers: str) -> Behaviour:
    content = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return sends("\r\n".join(lines).encode() + b"\r\n\r\n" + content)


def sends(raw: bytes) -> Behaviour:
    def behave(_: Asked, connection: socket.socket, ending: threading.Event) -> None:
        connection.sendall(raw)

    return behave


def hangs(_: Asked, connection: socket.socket, ending: threading.Event) -> None:
    ending.wait(30)


def hangs_after(raw: bytes) -> Behaviour:
    def behave(_: Asked, connection: socket.socket, ending: threading.Event) -> None:
        connection.sendall(raw)
        ending.wait(30)

    return behave


def drips(raw: bytes, *, every_seconds: float = 0.05) -> Behaviour:
    """One byte after the other, each long before a time-out for one read would end."""

    def behave(_: Asked, connection: socket.socket, ending: threading.Event) -> None:
        for byte in raw:
            connection.sendall(bytes([byte]))
            if ending.wait(every_seconds):
                return

    return behave


def floods(head: bytes, megabytes: int = 10) -> Behaviour:
    def behave(_: Asked, connection: socket.socket, ending: threading.Event) -> None:
        connection.sendall(head)
        for _n in range(megabytes):
            connection.sendall(b"x" * 1024 * 1024)

    return behave


def _read(connection: socket.socket) -> Asked:
    read = connection.makefile("rb")
    line = read.readline().decode().strip()
    headers: dict[str, str] = {}
    while header := read.readline().decode("latin-1").strip():
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    return Asked(line, headers, read.read(int(headers.get("content-length", 0))))
