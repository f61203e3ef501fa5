"""Whatever is sent here is refused, and the tables are afterwards what they were."""

from collections.abc import Iterator

import pytest
from django.db.models import Model

from comments.models import Author, Event, Flag, Post, Thread, Vote
from tests.cast import Person

TABLES: list[type[Model]] = [Author, Event, Flag, Post, Thread, Vote]


@pytest.fixture
def post_id(alice: Person) -> int:
    """A post of alice's, which nothing here may change."""
    return alice.posted("Hello.")


@pytest.fixture
def nothing_is_stored(post_id: int) -> Iterator[None]:
    before = [list(table._default_manager.order_by("pk").values()) for table in TABLES]
    yield
    assert [list(table._default_manager.order_by("pk").values()) for table in TABLES] == before
