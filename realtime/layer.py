"""The channel layer of the socket processes, made so that a broken subscription shows."""

import socket
from collections.abc import Callable
from typing import Any, Final
from weakref import WeakSet

from channels_redis.pubsub import RedisPubSubChannelLayer
from redis.asyncio.connection import Connection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

CONNECT_TIMEOUT_SECONDS: Final = 2.0
UNANSWERED_MS: Final = 10_000  # a Redis host that vanished shows after this, not after a quarter of an hour


def live_layer(url: str, on_reconnect: Callable[[], None]) -> RedisPubSubChannelLayer:
    """A pub/sub layer on `url` that calls `on_reconnect` when one of its connections had to connect again.

    redis-py reconnects and subscribes again by itself, without a word; what was published meanwhile is lost.
    (channels-redis 4.3 accepts the options on_disconnect and on_reconnect and never calls them.)
    """
    connected_before: WeakSet[Connection] = WeakSet()

    async def on_connect(connection: Connection) -> None:
        if connection in connected_before:
            on_reconnect()
        connected_before.add(connection)
        await connection.on_connect()

    host: dict[str, Any] = {
        "address": url,
        "redis_connect_func": on_connect,
        "retry": Retry(NoBackoff(), 0),
        "socket_timeout": None,  # redis-py 8's default of 5 s ends an idle subscription (channels_redis 422)
        "socket_connect_timeout": CONNECT_TIMEOUT_SECONDS,
    }
    if not url.startswith("unix:"):
        host["socket_keepalive"] = True
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            host["socket_keepalive_options"] = {socket.TCP_USER_TIMEOUT: UNANSWERED_MS}
    return RedisPubSubChannelLayer(hosts=[host])
