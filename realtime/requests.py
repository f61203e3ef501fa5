"""What Daphne lacks for HTTP from strangers: bounds on a request's size and time, and on its claims."""

import re
from typing import Any, Final

from daphne.http_protocol import HTTPFactory, WebRequest
from twisted.web.http import HTTPChannel

# The API's own limit and the front's (settings.API_BODY_MAX_BYTES). Daphne would write what comes to a file.
MAX_BODY_BYTES: Final = 256 * 1024
# A site's rules in the admin are lists of 100,000 words (settings.RULES_BODY_MAX_BYTES, and the front's).
RULES_PATH: Final = b"/admin/rules/"
MAX_RULES_BYTES: Final = 6 * 1024 * 1024
# A member's picture (comments.signin.pictures.MAX_BYTES, and the front's).
AVATAR_PATH: Final = re.compile(rb"/api/v1/sites/[^/?]{1,200}/session/avatar/(\?|$)")
MAX_AVATAR_BYTES: Final = 2 * 1024 * 1024
# A client that sends its whole body before it reads would see a reset instead of its answer.
MAX_DISCARDED_BYTES: Final = 8 * 1024 * 1024
SILENCE_SECONDS: Final = 10.0  # from the connection to the first byte of a request
REQUEST_SECONDS: Final = 30.0  # from there to its last byte, which for 256 KiB is a phone on a bad day
IDLE_SECONDS: Final = 60.0  # from an answer to the next request
# Daphne lets every client say where the application is mounted, and fails at either where it is not ASCII.
# Live sockets have no subprotocol.
NOT_FOR_CLIENTS: Final = (b"Daphne-Root-Path", b"Sec-WebSocket-Protocol")

_Channel: Any = HTTPChannel  # its methods have no types
_TOO_LARGE: Final = b'{"code":"too_large","detail":"The request is too large.","fields":{}}'
_TOO_LARGE_ANSWER: Final = (
    b"HTTP/1.1 413 Request Entity Too Large\r\nContent-Type: application/json\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_TOO_LARGE), _TOO_LARGE)
)


class BoundedRequest(WebRequest):  # type: ignore[misc]  # daphne has no types
    """Answers 413 as soon as a body is known to be too large, and then ends the connection."""

    _body_bytes = 0
    _max_bytes = MAX_BODY_BYTES
    _is_refused = False
    _content_types: list[bytes] | None = None

    def gotLength(self, length: int | None) -> None:  # noqa: N802  Twisted's name
        super().gotLength(length)
        if self.channel._path.startswith(RULES_PATH):  # Twisted tells the request only when all has come
            self._max_bytes = MAX_RULES_BYTES
        elif AVATAR_PATH.match(self.channel._path):
            self._max_bytes = MAX_AVATAR_BYTES
        if length is not None and length > self._max_bytes:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802
        self._body_bytes += len(data)
        if self._body_bytes > MAX_DISCARDED_BYTES:
            self.channel.forceAbortClient()
        elif self._body_bytes > self._max_bytes:
            self._refuse()
        elif not self._is_refused:
            super().handleContentChunk(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:  # noqa: N802
        """Called when all of the request has come; calls `process`."""
        # Twisted would read a form for itself, and answer 400 without a word where it cannot.
        self._content_types = self.requestHeaders.getRawHeaders(b"Content-Type")
        self.requestHeaders.removeHeader(b"Content-Type")
        super().requestReceived(command, path, version)

    def process(self) -> Any:
        if self._is_refused:
            self.channel.loseConnection()
            return None
        headers = self.requestHeaders
        if self._content_types is not None:
            headers.setRawHeaders(b"Content-Type", self._content_types)
        for name in NOT_FOR_CLIENTS:
            headers.removeHeader(name)
        if headers.hasHeader(b"Transfer-Encoding"):  # Django takes a body without a length for an empty one
            headers.removeHeader(b"Transfer-Encoding")
            headers.setRawHeaders(b"Content-Length", [b"%d" % self._body_bytes])
        return super().process()

    def _refuse(self) -> None:
        if not self._is_refused:
            self._is_refused = True
            self.requestHeaders.removeHeader(b"Expect")  # or Twisted would ask for the body
            self.channel.transport.write(_TOO_LARGE_ANSWER)


class BoundedChannel(_Channel):  # type: ignore[misc]
    """A connection whose time is counted by requests, not by bytes."""

    _has_begun = False

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        if not self._has_begun:
            self._has_begun = True
            self.setTimeout(REQUEST_SECONDS)
        super().dataReceived(data)

    def requestDone(self, request: Any) -> None:  # noqa: N802
        super().requestDone(request)
        if self.persistent and not self._handlingRequest:
            self._has_begun = False
            self.setTimeout(IDLE_SECONDS)

    def resetTimeout(self) -> None:  # noqa: N802
        """Not at every byte, or one a minute would hold a connection for days."""

    def lineLengthExceeded(self, line: bytes) -> None:  # noqa: N802
        """Answers 400 where Twisted hangs up."""
        self._respondToBadRequestAndDisconnect()


class BoundedHTTPFactory(HTTPFactory):  # type: ignore[misc]  # daphne has no types
    """Makes the two above."""

    protocol = BoundedChannel

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self.timeOut = SILENCE_SECONDS

    def buildProtocol(self, addr: Any) -> BoundedChannel:  # noqa: N802
        channel: BoundedChannel = super().buildProtocol(addr)
        channel.requestFactory = BoundedRequest
        return channel
