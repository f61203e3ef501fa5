"""How a process shows that it is up: one short question to its socket."""

import socket
from pathlib import Path
from typing import Final

PROBE_SECONDS: Final = 1.0  # a probe holds the supervisor's loop up while it waits for an answer

Address = Path | tuple[str, int]  # a Unix socket, or host and port


def answers_ping(path: Path) -> bool:
    """Whether a Redis on the socket answers, and with PONG: while it loads its data it says LOADING."""
    return _ask(path, b"PING\r\n").startswith(b"+PONG")


def answers_http(address: Address) -> bool:
    """Whether /healthz is served there; 400 will do: KIBITZ_ALLOWED_HOSTS may leave this host out.

    By hand, because http.client brings TLS and mail along: 12 MB in a process that needs nothing else.
    """
    host = "localhost" if isinstance(address, Path) else f"{address[0]}:{address[1]}"
    request = f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    return _ask(address, request).startswith((b"HTTP/1.1 2", b"HTTP/1.1 4"))


def answers_postgres(path: Path) -> bool:
    """Whether PostgreSQL lets a client of the socket in.

    Asks to begin a session as a driver does (StartupMessage of protocol 3.0, see "Message Formats" in
    PostgreSQL's manual): R is welcome; while it recovers from a crash it answers E.
    """
    parameters = b"user\0kibitz\0database\0kibitz\0\0"
    asked = (8 + len(parameters)).to_bytes(4, "big") + b"\0\x03\0\0" + parameters
    return _ask(path, asked).startswith(b"R")


def _ask(address: Address, request: bytes) -> bytes:
    """The beginning of the answer; empty where nobody listens, or answers in time."""
    family = socket.AF_UNIX if isinstance(address, Path) else socket.AF_INET
    with socket.socket(family) as connection:
        connection.settimeout(PROBE_SECONDS)
        try:
            connection.connect(str(address) if isinstance(address, Path) else address)
            connection.sendall(request)
            return connection.recv(64)
        except OSError:
            return b""
