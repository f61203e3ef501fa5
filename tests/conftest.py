"""Fixtures that every kind of test shares."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest
import redis
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

from comments.events import outbox, queue_room, request_redis
from comments.events.breaker import Breaker
from comments.events.hand_over import HandOver
from comments.events.redis_clients import command_client
from comments.identity import names
from comments.rest import throttles
from comments.screening import rules
from comments.signin import ways
from comments.sites import services
from tests import servers

TESTS = Path(__file__).parent


class WaitUntil(Protocol):
    def __call__(
        self, condition: Callable[[], object], *, seconds: float = 10.0, message: str | Callable[[], str]
    ) -> None: ...


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Integration tests run on both databases unless they say `one_database`, or `postgresql`, which is the
    other one; first, before `-m` chooses."""
    if config.getoption("database") == "sqlite":
        elsewhere = [item for item in items if item.get_closest_marker("postgresql")]
        items[:] = [item for item in items if item not in elsewhere]
        config.hook.pytest_deselected(items=elsewhere)
    for item in items:
        in_integration = item.path.is_relative_to(TESTS / "integration")
        if in_integration and item.get_closest_marker("one_database") is None:
            item.add_marker("database")


@pytest.fixture(scope="session", autouse=True)
def _static_files_are_listed_once() -> Iterator[None]:
    """Every test client makes the middlewares anew, and WhiteNoise's looks at each static file: half of the
    suite's time. A process's files are the same for all of them."""
    listed: dict[str, StaticFile] = {}
    list_files = WhiteNoiseMiddleware.add_files_from_finders

    def list_once(middleware: WhiteNoiseMiddleware) -> None:
        if not listed:
            list_files(middleware)
            listed.update(middleware.files)
        middleware.files.update(listed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", list_once)
        yield


@pytest.fixture(scope="session")
def redis_url() -> str:
    """The session's real Redis; the tests' Django uses it too."""
    return os.environ["REDIS_URL"]


@pytest.fixture(scope="session")
def _redis_connection(redis_url: str) -> Iterator[redis.Redis]:
    client = command_client(redis_url)
    yield client
    client.close()


@pytest.fixture(autouse=True)
def redis_client(request: pytest.FixtureRequest) -> redis.Redis:
    """A client of the session's Redis, which every test finds empty: no streams or throttles of another's."""
    client: redis.Redis = request.getfixturevalue("_redis_connection")
    client.flushall()
    return client


@pytest.fixture
def forgetful_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A breaker that another test opened, a hand-over that it began, the queue's size, the acts that this
    process counted by itself, and other tests' sites and rules are forgotten; changes of those count at
    once."""
    monkeypatch.setattr(request_redis, "breaker", Breaker())
    monkeypatch.setattr(outbox, "hand_over", HandOver())
    queue_room.meter._look_at = float("-inf")
    throttles._own_limiter.cache_clear()
    throttles._own_readings.cache_clear()
    services._remembered.clear()
    monkeypatch.setattr(services, "REMEMBER_SECONDS", 0.0)
    names._remembered.clear()
    monkeypatch.setattr(names, "REMEMBER_SECONDS", 0.0)
    rules._remembered.clear()
    monkeypatch.setattr(rules, "REMEMBER_SECONDS", 0.0)
    ways._remembered.clear()
    monkeypatch.setattr(ways, "REMEMBER_SECONDS", 0.0)


@pytest.fixture(scope="session")
def wait_until() -> WaitUntil:
    """`wait_until(condition, seconds=10, message=…)`; the message may be a function, asked at the end."""
    return servers.wait_until


@pytest.fixture
def free_port() -> int:
    """A TCP port on the loopback that was free a moment ago."""
    return servers.unused_port()
