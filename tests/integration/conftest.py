"""The cast on a page, in a process that remembers nothing of another test."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, connections

from comments import env
from comments.events import request_redis
from comments.rest import throttles
from comments.sites.models import Site
from comments.sites.services import create_site
from tests.cast import ORIGIN, Page, Person, page_of


@pytest.fixture(autouse=True)
def _forgetful(forgetful_process: None) -> None:
    """For every test here."""


@pytest.fixture
def use_redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """`use_redis(url)`: requests find another Redis until the test ends."""

    def use(url: str) -> None:
        monkeypatch.setenv("REDIS_URL", url)
        forget_connections()

    yield use
    forget_connections()


def forget_connections() -> None:
    request_redis._connection.cache_clear()
    throttles._shared_limiter.cache_clear()


@pytest.fixture
def no_redis(use_redis: Callable[[str], None], free_port: int) -> None:
    """Redis is away until the test ends."""
    use_redis(f"redis://127.0.0.1:{free_port}/0")


@pytest.fixture
def shared_database(transactional_db: None, tmp_path: Path) -> Iterator[None]:
    """A database for several threads, PostgreSQL or a SQLite file: SQLite in memory has one connection."""
    if connection.vendor != "sqlite":
        yield
        return
    path = tmp_path / "kibitz.sqlite3"
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(path)])
    in_memory, settings = connections["default"], connections.settings["default"]
    connections.settings["default"] = settings | {"NAME": str(path)}
    del connections["default"]
    try:
        yield
    finally:
        connections["default"].close()
        connections.settings["default"] = settings
        connections["default"] = in_memory


@pytest.fixture
def sweep_process(shared_database: None, redis_url: str) -> Iterator[Callable[[], "subprocess.Popen[bytes]"]]:
    """Starts a sweeper of its own on this test's database."""
    settings = connection.settings_dict
    url = (
        f"sqlite:///{settings['NAME']}"
        if connection.vendor == "sqlite"
        else os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{settings['NAME']}"
    )
    started: list[subprocess.Popen[bytes]] = []

    def start() -> "subprocess.Popen[bytes]":
        command = [sys.executable, "manage.py", "sweep"]
        environment = {**os.environ, "DATABASE_URL": url, "REDIS_URL": redis_url}
        started.append(subprocess.Popen(command, env=environment, cwd=env.BASE_DIR))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def site(db: None) -> Site:
    """A site without posting limits, so that a test may post as often as it needs."""
    return create_site("blog", origins=[ORIGIN], name="The blog", is_unlimited=True)


@pytest.fixture
def limited_site(db: None) -> Site:
    """A site as `create_site` makes it."""
    return create_site("limited", origins=[ORIGIN])


@pytest.fixture
def page(site: Site) -> Page:
    return page_of(site)


@pytest.fixture
def alice(page: Page) -> Person:
    """Writes."""
    return Person("alice", page)


@pytest.fixture
def bob(page: Page) -> Person:
    """Replies."""
    return Person("bob", page)


@pytest.fixture
def mallory(page: Page) -> Person:
    """Attacks."""
    return Person("mallory", page)


@pytest.fixture
def morgan(page: Page) -> Person:
    """Moderates, logged in to the admin."""
    person = Person("morgan", page)
    person.client.force_login(get_user_model().objects.create_superuser("morgan"))
    return person
