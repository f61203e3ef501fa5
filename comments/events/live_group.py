"""A message to every socket process, as channels-redis's pub/sub layer sends one; imports no Django."""

from typing import Final

import msgpack

from comments.events.wire import LIVE_GROUP

# What RedisPubSubChannelLayer.group_send publishes, and where (channels-redis 4.3, pubsub.py:
# _get_group_channel_name and MsgPackSerializer). async_to_sync(group_send) fails when greenlets call it at
# once, so this is for plain redis-py; tests/contract holds it against the real layer.
GROUP_CHANNEL: Final = f"asgi__group__{LIVE_GROUP}"
FRAME_TYPE: Final = "live.frame"


def publishing(key: str, frame: str) -> tuple[str, str, bytes]:
    """The Redis command that hands a frame to the sockets of one channel."""
    message = {"type": FRAME_TYPE, "key": key, "frame": frame}
    return "PUBLISH", GROUP_CHANNEL, bytes(msgpack.packb(message))
