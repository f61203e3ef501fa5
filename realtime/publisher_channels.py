"""Publishes frames to Channels' sockets, in the wire format of channels-redis's pub/sub layer."""

from collections.abc import Sequence
from typing import Final

import msgpack
import redis

from comments.events.redis_clients import command_client
from comments.events.wire import LIVE_GROUP
from realtime.publisher import Frame, PublishFailed

# What RedisPubSubChannelLayer.group_send publishes, and where (channels-redis 4.3, pubsub.py:
# _get_group_channel_name and MsgPackSerializer). async_to_sync(group_send) fails when greenlets call it at
# once, so this is plain redis-py; tests/contract holds it against the real layer.
GROUP_CHANNEL: Final = f"asgi__group__{LIVE_GROUP}"
FRAME_TYPE: Final = "live.frame"


class ChannelsPublisher:
    """The Publisher over Redis pub/sub: one round trip a call, safe to share between threads."""

    def __init__(self, url: str) -> None:
        self._client = command_client(url)

    def publish(self, frames: Sequence[Frame]) -> list[Frame]:
        """See Publisher; blocks for 2 s at most."""
        pipeline = self._client.pipeline(transaction=False)
        for frame in frames:
            message = {"type": FRAME_TYPE, "key": frame.key, "frame": frame.text}
            pipeline.publish(GROUP_CHANNEL, msgpack.packb(message))
        try:
            answers = pipeline.execute(raise_on_error=False)
        except redis.RedisError as error:
            raise PublishFailed(str(error)) from error
        refused = []
        for frame, answer in zip(frames, answers, strict=True):
            if isinstance(answer, redis.ConnectionError | redis.TimeoutError):
                raise PublishFailed(str(answer)) from answer
            if isinstance(answer, Exception):
                refused.append(frame)
        return refused
