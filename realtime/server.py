"""`python -m realtime.server`: Daphne, with bounded sockets and a drain."""

import daphne.server  # noqa: I001  first: it installs Twisted's asyncio reactor

import argparse
import asyncio
import importlib
import logging
import os
import sys
import threading
from contextlib import suppress
from typing import Any, Final

from daphne.endpoints import build_endpoint_description_strings
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet.address import UNIXAddress
from twisted.internet.defer import Deferred

from comments.env import env_bool
from realtime.backpressure import FrameEncoder, Gate, bound_kernel_buffer
from realtime.capacity import max_connections, raise_file_limit
from realtime.connections import limit_connections
from realtime.requests import BoundedHTTPFactory

MAX_CLIENT_MESSAGE_BYTES: Final = 4096
BACKLOG: Final = 4096  # Twisted's 50 is a crowd of two hundred's resets; Linux takes no more than this
DRAIN_SECONDS: Final = 1.8  # what a request that is being answered may take after SIGTERM
LIFESPAN_SECONDS: Final = 0.5
EXIT_SECONDS: Final = 2.8  # a view that hangs in a thread would hold up the exit; the supervisor waits 5 s
FORWARDED_HEADERS: Final = {
    "proxy_forwarded_address_header": "X-Forwarded-For",
    "proxy_forwarded_port_header": "X-Forwarded-Port",
    "proxy_forwarded_proto_header": "X-Forwarded-Proto",
}
_APPLICATION: Final = "realtime.asgi:application"


class BoundedServer(daphne.server.Server):  # type: ignore[misc]  # daphne has no types
    """Daphne whose ASGI `send` waits while the reader does not read, and which says goodbye on SIGTERM."""

    has_failed = False

    def __init__(self, *args: Any, max_connections: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._max_connections = max_connections
        self._frames = FrameEncoder()

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Passes the application's message on, then waits until the transport has room for the next."""
        details = self.connections.get(protocol)
        gate: Gate | None = details.get("gate") if details else None
        kind = message["type"]
        if gate is not None and kind == "websocket.send" and message.get("text"):
            if protocol.state == WebSocketProtocol.STATE_OPEN:
                gate.transport.write(self._frames.encoded(message["text"]))
        elif kind == "websocket.close" and protocol.state == WebSocketProtocol.STATE_OPEN:
            if gate is not None and not gate.is_open:
                # Who does not read gets no close frame either; waiting for its answer would hold what waits.
                gate.transport.abortConnection()
            else:
                protocol.sendCloseFrame(code=message.get("code", 1000))  # sendClose refuses 1001 and 1009
        elif gate is not None and kind == "http.response.body" and not message.get("more_body", False):
            self._end_stream(protocol, gate)
            await super().handle_reply(protocol, message)
        else:
            await super().handle_reply(protocol, message)
        if gate is not None:
            if not gate.is_open and kind != "websocket.close":
                await gate.passed()
        elif details is not None and (kind == "websocket.accept" or message.get("more_body", False)):
            details["gate"] = self._make_gate(protocol)

    def listen_success(self, port: Any) -> None:
        limit_connections(port, self._max_connections)
        super().listen_success(port)
        address = port.getHost()
        on_unix = isinstance(address, UNIXAddress)
        where = f"unix:{os.fsdecode(address.name)}" if on_unix else f"http://{address.host}:{address.port}"
        print(f"listening on {where}", flush=True)

    def listen_error(self, failure: Any) -> None:
        self.has_failed = True
        print(f"server: {failure.getErrorMessage()}", file=sys.stderr, flush=True)
        self.stop()

    def kill_all_applications(self) -> Deferred[Any]:
        """Before the reactor stops: no new connections, live ones told to come back, requests answered."""
        leaver = threading.Timer(EXIT_SECONDS, os._exit, (0,))
        leaver.daemon = True
        leaver.start()
        return Deferred.fromFuture(asyncio.ensure_future(self._drain()))

    async def _drain(self) -> None:
        for listener in self.listeners:
            listener.addCallback(lambda port: port.stopListening())
        with suppress(Exception):  # an application need not know lifespan
            await asyncio.wait_for(self._end_lifespan(), LIFESPAN_SECONDS)
        running = self._running()
        if running:
            await asyncio.wait(running, timeout=DRAIN_SECONDS)
        for application in self._running():
            application.cancel()

    async def _end_lifespan(self) -> None:
        """Tells the application to end its live connections; Daphne speaks no lifespan."""
        messages = iter(["lifespan.startup", "lifespan.shutdown"])

        async def receive() -> dict[str, str]:
            return {"type": next(messages)}

        async def send(message: dict[str, Any]) -> None:
            pass

        await self.application({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)

    def _running(self) -> list[asyncio.Future[Any]]:
        instances = [details.get("application_instance") for details in self.connections.values()]
        return [instance for instance in instances if instance is not None and not instance.done()]

    @staticmethod
    def _make_gate(protocol: Any) -> Gate:
        transport = protocol.transport
        is_socket = isinstance(protocol, WebSocketProtocol)
        gate = Gate(transport, stops_reading=is_socket)  # an HTTP channel reads nothing while it answers
        bound_kernel_buffer(transport)
        if is_socket:
            transport.unregisterProducer()  # the HTTP channel that the socket was upgraded from
            transport.registerProducer(gate, True)
        else:
            protocol.registerProducer(gate, True)
        return gate

    @staticmethod
    def _end_stream(protocol: Any, gate: Gate) -> None:
        """A stream's last message: its reader gets what waits, or, when it does not read, is dropped."""
        if protocol.producer is gate:
            protocol.unregisterProducer()
        if not gate.is_open:
            gate.stopProducing()
            gate.transport.abortConnection()


def main(arguments: list[str] | None = None) -> int:
    """Serves until SIGTERM or SIGINT; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m realtime.server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--port", type=int, help="0 lets the kernel choose")
    where.add_argument("--unix-socket", metavar="PATH", help="instead of host and port, behind a proxy")
    parser.add_argument("--application", default=_APPLICATION, help="the ASGI application, module:name")
    options = parser.parse_args(arguments)
    # The hub tells of a broken subscription in one line; the layer would add a traceback.
    logging.getLogger("channels_redis").setLevel(logging.CRITICAL)
    logging.getLogger("daphne").setLevel(logging.WARNING)
    daphne.server.HTTPFactory = BoundedHTTPFactory  # Daphne has no argument for it
    raise_file_limit()
    module, _, name = options.application.partition(":")
    server = BoundedServer(
        application=getattr(importlib.import_module(module), name),
        endpoints=_endpoints(options),
        ping_interval=20,
        ping_timeout=30,
        websocket_max_message_size=MAX_CLIENT_MESSAGE_BYTES,
        websocket_max_frame_size=MAX_CLIENT_MESSAGE_BYTES,
        server_name="kibitz",
        max_connections=max_connections(),
        verbosity=1,
        # Whoever reaches the port directly could send these too, so they count only where asked for.
        **(FORWARDED_HEADERS if env_bool("KIBITZ_BEHIND_PROXY", default=False) else {}),
    )
    server.run()
    return 1 if server.has_failed else 0


def _endpoints(options: argparse.Namespace) -> list[str]:
    if options.unix_socket:
        found = build_endpoint_description_strings(unix_socket=options.unix_socket)
    else:
        found = build_endpoint_description_strings(host=options.host, port=options.port)
    return [f"{endpoint}:backlog={BACKLOG}" for endpoint in found]


if __name__ == "__main__":
    sys.exit(main())
