"""Which threads a push node missed frames of, kept in Redis so that it outlives this process."""

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

import redis

from comments.events.redis_clients import command_client
from comments.events.wire import NODES, missed_hash
from realtime.publisher import PublishFailed

KEEP_SECONDS: Final = 24 * 3600  # no socket of a node that was away for a day waits for news
PAGE: Final = 500
# Forgets a thread only as long as nothing was noted since: another formatter may have.
_FORGET: Final = """
for i = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then redis.call('HDEL', KEYS[1], ARGV[i]) end
end
"""


class Missed:
    """Notes and forgets by node; blocks for 2 s at most; safe to share between threads.

    Raises PublishFailed when Redis is away.
    """

    def __init__(self, url: str) -> None:
        self._client: Any = command_client(url)
        self._forget = self._client.register_script(_FORGET)

    def note(self, by_node: Mapping[str, Mapping[str, str]]) -> None:
        """Adds to what each node missed."""
        pipeline = self._client.pipeline(transaction=False)
        for node, notes in by_node.items():
            if notes:
                pipeline.hset(missed_hash(node), mapping=notes)
                pipeline.expire(missed_hash(node), KEEP_SECONDS)
        try:
            pipeline.execute()
        except redis.RedisError as error:
            raise PublishFailed(str(error)) from error

    def tell(self, node: str, *, is_stale: bool) -> None:
        """Says how a node was found just now, for those who look after it."""
        try:
            self._client.hset(NODES, f"{node} stale" if is_stale else node, int(time.time()))
        except redis.RedisError as error:
            raise PublishFailed(str(error)) from error

    def pages(self, node: str) -> Iterator[dict[str, str]]:
        """Everything that the node missed, some hundred threads at a time."""
        cursor = 0
        while True:
            try:
                cursor, notes = self._client.hscan(missed_hash(node), cursor, count=PAGE)
            except redis.RedisError as error:
                raise PublishFailed(str(error)) from error
            if notes:
                yield notes
            if not int(cursor):
                return

    def forget(self, node: str, notes: Mapping[str, str]) -> None:
        """Forgets these notes, unless there is a newer one."""
        try:
            self._forget(keys=[missed_hash(node)], args=[part for note in notes.items() for part in note])
        except redis.RedisError as error:
            raise PublishFailed(str(error)) from error
