"""How a process shows that it is up, and later that it still answers: one short question to its socket."""

import select
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROBE_SECONDS: Final = 1.0  # a starting service is waited for that long; nothing else is to be done then

Address = Path | tuple[str, int]  # a Unix socket, or host and port


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask, and how the answer of a service that is up begins. Whatever else it answers, it is alive:
    a Redis that loads its data says LOADING, a PostgreSQL that recovers says so."""

    address: Address
    request: bytes
    answers: tuple[bytes, ...]

    def is_answered_well(self) -> bool:
        """Asks and waits for the answer; False where nobody listens, or answers in time."""
        with socket.socket(self.family) as connection:
            connection.settimeout(PROBE_SECONDS)
            try:
                connection.connect(self.target)
                connection.sendall(self.request)
                return connection.recv(64).startswith(self.answers)
            except OSError:
                return False

    @property
    def family(self) -> socket.AddressFamily:
        return socket.AF_UNIX if isinstance(self.address, Path) else socket.AF_INET

    @property
    def target(self) -> str | tuple[str, int]:
        return str(self.address) if isinstance(self.address, Path) else self.address


class Asking:
    """A question on its way. Never waits: `is_answered` is to be called again and again; `close` ends it.

    A process that hangs up has answered, too: nginx does where it holds as many sockets as it may.
    """

    def __init__(self, question: Question) -> None:
        self._request = question.request
        self._is_sent = False
        self.is_lost = False  # nobody listens: there will be no answer
        self._connection = socket.socket(question.family)
        self._connection.setblocking(False)
        try:
            self._connection.connect(question.target)
        except BlockingIOError:  # TCP: on its way. A Unix socket says so where too many wait to be accepted
            self.is_lost = question.family == socket.AF_UNIX
        except OSError:
            self.is_lost = True

    def is_answered(self) -> bool:
        """Whether anything at all has come back."""
        if self.is_lost:
            return False
        try:
            if not self._is_sent:
                if not select.select([], [self._connection], [], 0)[1]:
                    return False
                self._connection.sendall(self._request)  # some hundred bytes, which the kernel has room for
                self._is_sent = True
            self._connection.recv(64)
        except BlockingIOError:
            return False
        except (BrokenPipeError, ConnectionResetError):
            return True
        except OSError:
            self.is_lost = True
            return False
        return True

    def close(self) -> None:
        self._connection.close()


def redis_question(path: Path) -> Question:
    """A Redis on the socket is up when it answers PONG."""
    return Question(path, b"PING\r\n", (b"+PONG",))


def http_question(address: Address) -> Question:
    """Up is who serves /healthz; 400 will do: KIBITZ_ALLOWED_HOSTS may leave this host out.

    By hand, because http.client brings TLS and mail along: 12 MB in a process that needs nothing else.
    """
    host = "localhost" if isinstance(address, Path) else f"{address[0]}:{address[1]}"
    request = f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    return Question(address, request, (b"HTTP/1.1 2", b"HTTP/1.1 4"))


def nginx_question(address: Address) -> Question:
    """What nginx answers by itself, with 400, however those behind it are: a request without a host."""
    return Question(address, b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", (b"HTTP/1.1 400",))


def postgres_question(path: Path) -> Question:
    """PostgreSQL is up when it lets a client of the socket in.

    Asks to begin a session as a driver does (StartupMessage of protocol 3.0, see "Message Formats" in
    PostgreSQL's manual): R is welcome; while it recovers from a crash it answers E.
    """
    parameters = b"user\0kibitz\0database\0kibitz\0\0"
    asked = (8 + len(parameters)).to_bytes(4, "big") + b"\0\x03\0\0" + parameters
    return Question(path, asked, (b"R",))
