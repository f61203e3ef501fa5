"""Redis as requests may use it: shortly, and not at all where it failed a moment ago; imports no Django."""

from functools import cache
from typing import Any, Final

from comments import env
from comments.events.breaker import Breaker
from comments.events.redis_clients import REQUEST_TIMEOUT_SECONDS, Command, KeptConnection

# One for all that a request asks Redis for, or each of them would find out by waiting.
breaker: Final = Breaker()


def ask(*commands: Command, raise_on_error: bool = True) -> list[Any]:
    """The answers, as `KeptConnection.send` gives them, in one round trip. Raises LeftAlone, RedisError."""
    with breaker.attempt():
        return _connection().send(*commands, raise_on_error=raise_on_error)


def transact(*commands: Command) -> list[Any]:
    """The same in one transaction. Raises LeftAlone, RedisError."""
    with breaker.attempt():
        return _connection().transact(*commands)


@cache
def _connection() -> KeptConnection:
    return KeptConnection(env.redis_url(), timeout_seconds=REQUEST_TIMEOUT_SECONDS)
