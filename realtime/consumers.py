"""The two carriers of the live protocol: a WebSocket and an EventSource stream of the same frames."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from channels.consumer import AsyncConsumer, get_handler_name
from channels.exceptions import StopConsumer

from realtime.hub import Hub, NotSubscribed, TooManySockets
from realtime.mailbox import FOREIGN_ORIGIN, MALFORMED_KEY, SUBSCRIPTION_LOST, TOO_MANY_SOCKETS, Mailbox
from realtime.origins import is_foreign

KEY_PATTERN: Final = re.compile(r"[a-z2-7]{26}")
MAX_CLIENT_FRAME_CHARS: Final = 4096
TOO_BIG: Final = 1009  # RFC 6455, 7.4.1
RETRY_MS: Final = 5000  # for a bare EventSource; the embed reconnects by its own rule
PING_SECONDS: Final = 20.0

NO_STORE: Final = [(b"cache-control", b"no-store")]
SSE_HEADERS: Final = [*NO_STORE, (b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no")]
JSON_HEADERS: Final = [*NO_STORE, (b"content-type", b"application/json")]
ANY_ORIGIN: Final = [(b"access-control-allow-origin", b"*")]

Message = Mapping[str, Any]


class LiveConsumer(AsyncConsumer):  # type: ignore[misc]  # channels has no types
    """What both carriers share: one place in the hub, and one task that sends what waits there.

    No channel of its own: the alias names no layer, so Channels makes none per socket.
    """

    channel_layer_alias = "none"

    def __init__(self, find_hub: Callable[[], Hub], *, for_any_page: bool = False) -> None:
        self._find_hub = find_hub
        self._for_any_page = for_any_page  # for one that shows counts, outside of our frame
        self._mailbox: Mailbox | None = None
        self._writer: asyncio.Task[None] | None = None
        self._closer: asyncio.Task[None] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serves one connection and, however that ends, gives its place back."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            if self._writer is not None:
                self._writer.cancel()
            if self._mailbox is not None:
                self._find_hub().leave(self._mailbox)

    async def dispatch(self, message: Message) -> None:
        """Without Channels' closing of database connections: a thread hop per message, for none held here."""
        handler = getattr(self, get_handler_name(message), None)
        if handler is None:
            raise ValueError(f"no handler for {message['type']}")
        await handler(message)

    @property
    def key(self) -> str:
        return str(self.scope["url_route"]["kwargs"]["key"])

    @property
    def is_foreign(self) -> bool:
        return not self._for_any_page and is_foreign(self.scope["headers"])

    async def join(self) -> None:
        """Takes a place in the hub; raises TooManySockets, NotSubscribed.

        Comes before the reader learns that the connection is open: what it fetches then may lack nothing
        that was published before the place was taken.
        """
        client = self.scope.get("client")
        address = client[0] if client else ""
        self._mailbox = await self._find_hub().join(self.key, address, self._on_close)

    def start_writing(self) -> None:
        if self._mailbox is not None and self._closer is None:
            self._writer = asyncio.ensure_future(self.write(self._mailbox))

    async def write(self, mailbox: Mailbox) -> None:
        """Sends frames as they come; waits where the server lets a send wait."""
        raise NotImplementedError

    async def end(self, code: int) -> None:
        """Ends the connection from this side."""
        raise NotImplementedError

    def _on_close(self, code: int) -> None:
        # The writer may hang in a send to a reader that does not read.
        if self._writer is not None:
            self._writer.cancel()
        self._closer = asyncio.ensure_future(self.end(code))


class LiveSocket(LiveConsumer):
    """`/live/{key}` over WebSocket."""

    async def websocket_connect(self, message: Message) -> None:
        refused_with = None if KEY_PATTERN.fullmatch(self.key) else MALFORMED_KEY
        if self.is_foreign:
            refused_with = FOREIGN_ORIGIN
        if refused_with is None:
            try:
                await self.join()
            except TooManySockets:
                refused_with = TOO_MANY_SOCKETS
            except NotSubscribed:
                refused_with = SUBSCRIPTION_LOST
        # Accepted even to be refused: a browser sees a close code only on an open socket.
        await self.send({"type": "websocket.accept"})
        if refused_with is None:
            self.start_writing()
        else:
            await self.end(refused_with)

    async def websocket_receive(self, message: Message) -> None:
        """The only thing that a reader says is {"typing": true}; anything else is ignored."""
        text = message.get("text")
        if text is None or self._mailbox is None:
            return
        if len(text) > MAX_CLIENT_FRAME_CHARS:
            await self.end(TOO_BIG)
            return
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            return
        if isinstance(said, dict) and said.get("typing") is True:
            self._find_hub().presence.typed(self._mailbox)

    async def websocket_disconnect(self, message: Message) -> None:
        raise StopConsumer

    async def write(self, mailbox: Mailbox) -> None:
        while True:
            await self.base_send({"type": "websocket.send", "text": await mailbox.take()})

    async def end(self, code: int) -> None:
        await self.send({"type": "websocket.close", "code": code})


class LiveStream(LiveConsumer):
    """`/live/{key}` as an EventSource stream, without event ids: a reader resumes by seq."""

    async def http_request(self, message: Message) -> None:
        if message.get("more_body"):
            return
        if self.scope["method"] != "GET":
            await self._refuse(405, "method_not_allowed", "The live stream is read with GET.")
        elif not KEY_PATTERN.fullmatch(self.key):
            await self._refuse(400, "malformed_key", "A thread key is 26 characters of a-z and 2-7.")
        elif self.is_foreign:
            await self._refuse(403, "origin_not_allowed", "Live updates are for Kibitz's own pages.")
        else:
            try:
                await self.join()
            except TooManySockets:
                await self._refuse(429, "throttled", "Too many live connections.")
            except NotSubscribed:
                await self._refuse(503, "unavailable", "Live updates are away for the moment.")
            else:
                headers = [*SSE_HEADERS, *self._shared]
                await self.send({"type": "http.response.start", "status": 200, "headers": headers})
                await self._send_part(f"retry: {RETRY_MS}\n\n")
                self.start_writing()

    @property
    def _shared(self) -> list[tuple[bytes, bytes]]:
        return ANY_ORIGIN if self._for_any_page else []

    async def http_disconnect(self, message: Message) -> None:
        raise StopConsumer

    async def write(self, mailbox: Mailbox) -> None:
        while True:
            try:
                async with asyncio.timeout(PING_SECONDS):
                    frame = await mailbox.take()
            except TimeoutError:
                await self._send_part(": ping\n\n")
            else:
                # A line end would end the event; in JSON it can only be space between tokens.
                await self._send_part(f"data: {frame.replace(chr(10), ' ').replace(chr(13), ' ')}\n\n")

    async def end(self, code: int) -> None:
        await self.send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_part(self, text: str) -> None:
        await self.base_send({"type": "http.response.body", "body": text.encode(), "more_body": True})

    async def _refuse(self, status: int, code: str, detail: str) -> None:
        """Answers with the API's error format."""
        body = json.dumps({"code": code, "detail": detail, "fields": {}}).encode()
        headers = [*JSON_HEADERS, *self._shared]
        if status == 405:
            headers.append((b"allow", b"GET"))
        elif status in {429, 503}:
            headers.append((b"retry-after", b"%d" % (RETRY_MS // 1000)))
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


class NoSocketHere(AsyncConsumer):  # type: ignore[misc]  # channels has no types
    """Refuses a WebSocket to any other path, with 403 instead of a traceback."""

    channel_layer_alias = "none"

    async def websocket_connect(self, message: Message) -> None:
        await self.send({"type": "websocket.close"})
        raise StopConsumer
