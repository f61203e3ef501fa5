"""Moderators of one site, and what they see and do through their API."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from comments.models import Site, SiteGroup
from comments.sites.roles import group_of
from tests.cast import API, Answer, Page, Person, page_of
from tests.integration.moderation.two_sites import TwoSites


class Moderator(Person):
    """Somebody logged in to the admin, with the calls of the moderators' pages."""

    def __init__(self, user: User, page: Page) -> None:
        super().__init__(user.username, page)
        self.user = user
        self.client.force_login(user)

    def queue(self, name: str = "pending", **query: Any) -> Answer:
        return self.get(f"{API}moderation/posts/", queue=name, **query)

    def listed(self, name: str = "pending", **query: Any) -> list[int]:
        """The ids of the posts on a queue's page."""
        return [post["id"] for post in self.queue(name, **query).data["posts"]]

    def act(self, call: str, **told: object) -> Answer:
        return self.send("POST", f"{API}moderation/{call}/", told)

    def decide(self, decision: str, *ids: int, **more: object) -> Answer:
        return self.act("decisions", decision=decision, ids=list(ids), **more)

    def results(self, decision: str, *ids: int, **more: object) -> list[str]:
        return [outcome["result"] for outcome in self.decide(decision, *ids, **more).data["results"]]


Appoint = Callable[..., Moderator]


@pytest.fixture
def appoint(page: Page) -> Appoint:
    """`appoint("morgan", site)`: an account with a role on the site, logged in."""

    def appoint(name: str, site: Site, role: SiteGroup.Role = SiteGroup.Role.MODERATOR) -> Moderator:
        user = User.objects.create_user(name, is_staff=True)
        user.groups.add(group_of(site, role))
        return Moderator(user, page_of(site))

    return appoint


@pytest.fixture
def strict_site(limited_site: Site) -> Site:
    """A site that approves first."""
    limited_site.moderation = Site.Moderation.PRE
    limited_site.save()
    return limited_site


@pytest.fixture
def writer(strict_site: Site) -> Person:
    """Writes what is held."""
    return Person("alice", page_of(strict_site))


@pytest.fixture
def morgan(appoint: Appoint, strict_site: Site) -> Moderator:
    return appoint("morgan", strict_site)


@pytest.fixture
def maxine(appoint: Appoint, strict_site: Site) -> Moderator:
    """The other moderator of the same site."""
    return appoint("maxine", strict_site)


@pytest.fixture
def world(db: None) -> TwoSites:
    """Two sites full of what the other's moderators must not see."""
    return TwoSites()
