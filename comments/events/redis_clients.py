"""The one place that makes Redis clients, because redis-py's own time-outs are traps; imports no Django."""

from collections import deque
from collections.abc import Sequence
from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

CONNECT_TIMEOUT_SECONDS: Final = 0.5  # Redis is on this machine or the next; a request must not wait longer
COMMAND_TIMEOUT_SECONDS: Final = 2.0
REQUEST_TIMEOUT_SECONDS: Final = 0.5  # where a person waits for the answer, and Redis can be done without
BLOCKING_MARGIN_SECONDS: Final = (
    5.0  # what a blocking read may take beyond its block time before it counts as dead
)
_NO_RETRY: Final = Retry(
    NoBackoff(), 0
)  # whoever calls decides; a silent retry in a request triples its wait

Command = Sequence[str | int | bytes]


def command_client(url: str, *, timeout_seconds: float = COMMAND_TIMEOUT_SECONDS) -> "redis.Redis":
    """A client for ordinary commands, safe to share between threads; raises redis.RedisError after the
    time-out."""
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        socket_connect_timeout=CONNECT_TIMEOUT_SECONDS,
        socket_timeout=timeout_seconds,
        retry=_NO_RETRY,
    )


def blocking_client(url: str, *, block_seconds: float) -> "redis.Redis":
    """A client for one blocking read at a time, never shared.

    redis-py 8 sets socket_timeout to 5 s by default, which ends a longer blocking read with an error
    (redis-py 4091); here it lies above the block time.
    """
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        socket_connect_timeout=CONNECT_TIMEOUT_SECONDS,
        socket_timeout=block_seconds + BLOCKING_MARGIN_SECONDS,
        retry=_NO_RETRY,
    )


class KeptConnection:
    """For what is sent with every post: connections that stay open, and all commands of a call in one write.

    A client looks at each call for a connection, and whether it is alive, and does half a dozen things
    besides, which takes longer than the commands. There are as many as threads have ever sent at once; none
    belongs to a thread, because where each request has a thread of its own it would end with it.
    """

    def __init__(self, url: str, *, timeout_seconds: float = COMMAND_TIMEOUT_SECONDS) -> None:
        # For how to connect: it would count what it makes.
        self._pool = command_client(url, timeout_seconds=timeout_seconds).connection_pool
        self._idle: deque[Any] = deque()  # Any: redis-py leaves it untyped

    def send(self, *commands: Command, raise_on_error: bool = True) -> list[Any]:
        """The answers; all commands are tried, and the first that was refused raises its ResponseError, or
        with `raise_on_error` False each has its own among the answers.

        Raises RedisError after the time-out when Redis is away; some of the commands may have been carried
        out then, and some twice where Redis went away meanwhile. Not to be used across a fork.
        """
        answers = self._exchanged(commands)
        if raise_on_error:
            for answer in answers:
                if isinstance(answer, redis.ResponseError):
                    raise answer
        return answers

    def transact(self, *commands: Command) -> list[Any]:
        """The same in one transaction: all are carried out, or none. Raises what `send` raises."""
        answers: list[Any] = self.send(("MULTI",), *commands, ("EXEC",))[-1]
        for answer in answers:
            if isinstance(answer, redis.ResponseError):
                raise answer
        return answers

    def _exchanged(self, commands: Sequence[Command]) -> list[Any]:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._pool.connection_class(**self._pool.connection_kwargs)
        was_connected = connection.is_connected
        try:
            return _answers(connection, commands)
        except redis.ConnectionError:
            if not was_connected:
                raise
            return _answers(connection, commands)  # Redis may have been started anew since the last call
        finally:
            self._idle.append(connection)


def _answers(connection: Any, commands: Sequence[Command]) -> list[Any]:
    try:
        connection.send_packed_command(connection.pack_commands(commands))
        return [_answer(connection) for _ in commands]
    except BaseException:
        connection.disconnect()  # or the answers that are left would be taken for those of the next commands
        raise


def _answer(connection: Any) -> Any:
    try:
        return connection.read_response()
    except redis.ResponseError as error:
        return error
