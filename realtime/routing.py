"""Which path a live connection has, apart from Django."""

from collections.abc import Callable
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import re_path

from realtime.consumers import LiveConsumer, LiveSocket, LiveStream, NoSocketHere
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
    # A site's counts and a moderator's news are channels like a thread.
    live_path, counts_path = r"^live/(?:moderation/)?(?P<key>[^/]+)$", r"^live/counts/(?P<key>[^/]+)$"

    def routed(carrier: type[LiveConsumer], otherwise: AsgiApplication) -> URLRouter:
        live = carrier.as_asgi(find_hub=find_hub)
        counts = carrier.as_asgi(find_hub=find_hub, for_any_page=True)
        return URLRouter([re_path(counts_path, counts), re_path(live_path, live), re_path(r"", otherwise)])

    return ProtocolTypeRouter(
        {
            "http": routed(LiveStream, otherwise),
            "lifespan": Lifespan(find_hub),
            "websocket": routed(LiveSocket, NoSocketHere.as_asgi()),
        }
    )
