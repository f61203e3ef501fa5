"""One bounded HTTP call to a server that is not ours: it may hang, lie, drip or never end."""

import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from queue import Empty, SimpleQueue
from typing import Any, Final
from urllib.parse import quote, urlsplit

_NAT64: Final = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address as its last 32 bits
_look_ups: Final = threading.BoundedSemaphore(16)  # at once: a resolver that hangs holds up no more threads
_TO_BE_TRIED_AGAIN: Final = {429, 500, 502, 503, 504}


class CallFailed(Exception):
    """Says what the server did, as the end of a sentence that begins with its name. `may_pass`: another try
    may succeed. `status` is what it answered, 0 where that was nothing or not to be used."""

    def __init__(self, fault: str, *, may_pass: bool = False, status: int = 0) -> None:
        self.fault = fault
        self.may_pass = may_pass
        self.status = status
        super().__init__(fault)


@dataclass(frozen=True, slots=True)
class Reply:
    headers: Mapping[str, str]  # names in lower case
    body: bytes


@dataclass(frozen=True, slots=True)
class Bounds:
    """`seconds` is for everything together, from looking the name up to the last byte."""

    seconds: float
    body_max_bytes: int
    may_be_private: bool = False  # an address of this machine or its network


@dataclass(frozen=True, slots=True)
class _Target:
    scheme: str
    host: str
    port: int
    path: str


@dataclass(frozen=True, slots=True)
class _Request:
    target: _Target
    method: str
    body: bytes | None
    headers: Mapping[str, str]


def post(url: str, body: bytes, headers: Mapping[str, str], bounds: Bounds) -> Reply:
    """The answer, if it is a 200 within the bounds; blocks for `bounds.seconds` at most. A redirect is not
    followed. Raises CallFailed and nothing else."""
    return _called("POST", url, body, headers, bounds)


def get(url: str, headers: Mapping[str, str], bounds: Bounds) -> Reply:
    """As `post` does; by https alone, unless the address may be one of this machine's network."""
    if not bounds.may_be_private and not url.lower().startswith("https://"):
        raise CallFailed("is not at an https address")
    return _called("GET", url, None, headers, bounds)


def _called(method: str, url: str, body: bytes | None, headers: Mapping[str, str], bounds: Bounds) -> Reply:
    ends_at = time.monotonic() + bounds.seconds
    try:
        return _answered(_Request(_target(url), method, body, headers), bounds, ends_at)
    except TimeoutError:
        raise CallFailed(f"did not answer within {bounds.seconds:g} s", may_pass=True) from None
    except ssl.SSLCertVerificationError as error:
        raise CallFailed(f"has no valid certificate: {error.verify_message}") from error
    except ConnectionRefusedError:
        raise CallFailed("refuses connections", may_pass=True) from None
    except http.client.LineTooLong:
        raise CallFailed("answered no HTTP: a line without an end") from None
    except (http.client.IncompleteRead, http.client.RemoteDisconnected, ConnectionError):
        raise CallFailed("broke off", may_pass=True) from None
    except http.client.HTTPException as error:
        raise CallFailed(f"answered no HTTP: {type(error).__name__}") from error
    except OSError as error:
        raise CallFailed(f"cannot be reached: {error.strerror or error}", may_pass=True) from error
    except ValueError as error:  # what http.client cannot read as a number
        raise CallFailed(f"answered no HTTP: {type(error).__name__}") from error


def _answered(request: _Request, bounds: Bounds, ends_at: float) -> Reply:
    addresses = _addresses(request.target, ends_at, may_be_private=bounds.may_be_private)
    connection = _Connection(request.target, addresses, ends_at)
    try:
        connection.request(request.method, request.target.path, request.body, dict(request.headers))
        response = connection.getresponse()
        if 300 <= response.status < 400:
            raise CallFailed(f"answered with a redirect ({response.status}), which is not followed")
        if response.status != 200:
            may_pass = response.status in _TO_BE_TRIED_AGAIN
            raise CallFailed(f"answered {response.status}", may_pass=may_pass, status=response.status)
        answer = response.read(bounds.body_max_bytes + 1)
        if len(answer) > bounds.body_max_bytes:
            raise CallFailed(f"answered more than {bounds.body_max_bytes // 1024} KiB")
        if response.length:  # bytes that it promised
            raise http.client.IncompleteRead(answer)
        return Reply({name.lower(): value for name, value in response.getheaders()}, answer)
    finally:
        connection.end()


def fault_of(url: str) -> str:
    """What is wrong with the address of a service, as a sentence; "" where it can be called."""
    try:
        _target(url)
    except CallFailed as failed:
        return f"The address {failed.fault}."
    return ""


def _target(url: str) -> _Target:
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna" if not url.isascii() else "ascii").decode()
    except ValueError:
        raise CallFailed("is no address") from None
    is_plain = not any(character <= " " or character in {"\x7f", "\\"} for character in url)
    if parts.scheme not in {"http", "https"} or not host or not is_plain:
        raise CallFailed("is no address: one looks like https://check.example.org/comments")
    if parts.username is not None or parts.password is not None:
        raise CallFailed("must not have a name and a password in it")
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    query = f"?{quote(parts.query, safe='/%:@!$&()*+,;=~?')}" if parts.query else ""
    return _Target(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), path + query)


def _addresses(target: _Target, ends_at: float, *, may_be_private: bool) -> Sequence[str]:
    """Where the name leads now. These are connected to, and not the name: asked again, it could lead
    elsewhere."""
    addresses = _looked_up(target.host, target.port, ends_at)
    allowed = [address for address in addresses if may_be_private or is_public(address)]
    if not allowed:
        raise CallFailed(
            f"is at {addresses[0]}, an address of this machine or its own network, which is not called "
            "unless KIBITZ_EXTERNAL_MAY_BE_PRIVATE is set"
        )
    return allowed


def _looked_up(host: str, port: int, ends_at: float) -> Sequence[str]:
    """The system's look-up takes as long as it likes, so it is waited for from outside, by a thread that a
    process which ends need not wait for."""
    late = CallFailed("has a name that could not be looked up in time", may_pass=True)
    answer: SimpleQueue[Sequence[str] | Exception] = SimpleQueue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answer.put([str(address[0]) for *_, address in found])
        except (OSError, UnicodeError) as error:
            answer.put(error)
        finally:
            _look_ups.release()

    if not _look_ups.acquire(timeout=_left(ends_at)):
        raise late
    threading.Thread(target=look_up, name="look-up", daemon=True).start()
    try:
        found = answer.get(timeout=_left(ends_at))
    except (Empty, TimeoutError):
        raise late from None
    if isinstance(found, Exception):
        is_lasting = isinstance(found, UnicodeError) or getattr(found, "errno", 0) == socket.EAI_NONAME
        raise CallFailed("has a name that leads nowhere", may_pass=not is_lasting) from found
    return found


def is_public(address: str) -> bool:
    """Whether the address is one of the internet's, whatever it is wrapped in."""
    try:
        ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        wrapped = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        if ip in _NAT64:
            wrapped.append(IPv4Address(int(ip) & 0xFFFFFFFF))
        if any(inner is not None and not is_public(str(inner)) for inner in wrapped):
            return False
        if ip.ipv4_mapped:
            return True
        if ip.is_site_local:  # fec0::/10, which is_global takes for the internet's
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


class _Connection(http.client.HTTPConnection):
    """To one of these addresses, as long as there is time."""

    def __init__(self, target: _Target, addresses: Sequence[str], ends_at: float) -> None:
        super().__init__(target.host, target.port)
        self._target = target
        self._addresses = addresses
        self._ends_at = ends_at
        self._opened: _Bounded | None = None
        # The Host header leaves out the port that a scheme has anyway.
        self.default_port = 443 if target.scheme == "https" else 80

    def connect(self) -> None:
        plain = self._connected()
        try:
            plain.settimeout(_left(self._ends_at))
            self.sock = self._opened = _Bounded(self._secured(plain), self._ends_at)
        except BaseException:
            plain.close()
            raise

    def end(self) -> None:
        if self._opened is not None:
            self._opened.end()

    def _connected(self) -> socket.socket:
        """To the first address that answers; one that is silent leaves the others their share of the time."""
        *others, last = self._addresses
        for index, address in enumerate(others):
            share = _left(self._ends_at) / (len(self._addresses) - index)
            with suppress(OSError):
                return socket.create_connection((address, self._target.port), share)
        return socket.create_connection((last, self._target.port), _left(self._ends_at))

    def _secured(self, plain: socket.socket) -> socket.socket:
        if self._target.scheme == "http":
            return plain
        return _trust().wrap_socket(plain, server_hostname=self._target.host)


class _Bounded:
    """What http.client uses of a socket; each read and write has the time that is left of the whole."""

    def __init__(self, inner: socket.socket, ends_at: float) -> None:
        self._inner = inner
        self._ends_at = ends_at

    def sendall(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self._inner.settimeout(_left(self._ends_at))
            view = view[self._inner.send(view[:16_384]) :]

    def makefile(self, mode: str, *_: Any) -> io.BufferedReader:
        return io.BufferedReader(_BoundedReader(self._inner, self._ends_at))

    def close(self) -> None:
        """http.client closes before it has read an answer without a length."""

    def end(self) -> None:
        self._inner.close()


class _BoundedReader(io.RawIOBase):
    def __init__(self, inner: socket.socket, ends_at: float) -> None:
        self._inner = inner
        self._ends_at = ends_at

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._inner.settimeout(_left(self._ends_at))
        return self._inner.recv_into(buffer)


def _left(ends_at: float) -> float:
    """Raises TimeoutError where no time is left."""
    left = ends_at - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()
