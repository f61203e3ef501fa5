"""Which path a live connection has, apart from Django."""

from collections.abc import Callable
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import re_path

from realtime.consumers import LiveSocket, LiveStream, NoSocketHere
from realtime.hub import Hub

AsgiApplication = Callable[..., Any]


class Lifespan:
    """Stops the hub with the server, so that its readers leave the counts at once."""

    def __init__(self, find_hub: Callable[[], Hub]) -> None:
        self._find_hub = find_hub

    async def __call__(self, scope: Any, receive: AsgiApplication, send: AsgiApplication) -> None:
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await self._find_hub().stop()
        await send({"type": "lifespan.shutdown.complete"})


def live_application(find_hub: Callable[[], Hub], otherwise: AsgiApplication) -> ProtocolTypeRouter:
    """`/live/{key}` for WebSocket and EventSource; every other HTTP path goes to `otherwise`."""
    stream = LiveStream.as_asgi(find_hub=find_hub)
    live_socket = LiveSocket.as_asgi(find_hub=find_hub)
    # A site's counts and a moderator's news are channels like a thread.
    live_path = r"^live/(?:counts/|moderation/)?(?P<key>[^/]+)$"
    return ProtocolTypeRouter(
        {
            "http": URLRouter([re_path(live_path, stream), re_path(r"", otherwise)]),
            "lifespan": Lifespan(find_hub),
            "websocket": URLRouter([re_path(live_path, live_socket), re_path(r"", NoSocketHere.as_asgi())]),
        }
    )
