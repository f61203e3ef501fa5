"""The cast on a page, and what a process remembers put back before each test."""

from collections.abc import Iterator

import pytest
from django.contrib.auth import get_user_model

from comments.events import outbox
from comments.rest import throttles
from comments.sites import services
from comments.sites.models import Site
from comments.sites.services import create_site
from tests.cast import ORIGIN, Page, Person, page_of


@pytest.fixture(autouse=True)
def _forgetful_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A breaker that another test opened, the acts that this process counted by itself, and other tests'
    sites are forgotten; a site's change counts at once."""
    outbox._Breaker.paused_until = 0.0
    throttles._own_limiter.cache_clear()
    services._remembered.clear()
    monkeypatch.setattr(services, "REMEMBER_SECONDS", 0.0)
    yield
    outbox._Breaker.paused_until = 0.0


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
