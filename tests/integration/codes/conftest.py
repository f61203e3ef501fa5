"""A reader of a page, on a site whose ways in may change at any moment."""

import pytest

from comments.signin import ways
from tests.cast import Page, Person


@pytest.fixture(autouse=True)
def _forget_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    ways._remembered.clear()
    monkeypatch.setattr(ways, "REMEMBER_SECONDS", 0.0)


@pytest.fixture
def reader(page: Page) -> Person:
    return Person("reader", page)
