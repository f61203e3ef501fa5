"""Ways in that count at once, and a real identity provider."""

from collections.abc import Iterator

import pytest

from comments.identity.members import Profile, member_by_email, member_by_profile
from comments.signin import providers, ways
from comments.sites.models import Site
from tests.cast import Page
from tests.identity_provider import identity_provider
from tests.integration.signin.member import Member


@pytest.fixture(autouse=True)
def _ways_count_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ways._remembered.clear()
    monkeypatch.setattr(ways, "REMEMBER_SECONDS", 0.0)
    monkeypatch.setattr(providers, "REMEMBER_SECONDS", 0.0)
    monkeypatch.setattr(providers, "_remembered", (0.0, {}))


@pytest.fixture(scope="session")
def idp() -> Iterator[str]:
    """Its address; it sends people back to these providers of ours."""
    with identity_provider(
        "http://testserver/auth/idp/callback/", "http://testserver/auth/gitlab/callback/"
    ) as address:
        yield address


@pytest.fixture
def ann(site: Site, page: Page) -> Member:
    author, _ = member_by_email(site, "ann@example.org", name="Ann")
    return Member(author, page)


@pytest.fixture
def bea(site: Site, page: Page) -> Member:
    """A member by a passkey alone."""
    author, _ = member_by_profile(site, Profile("passkey", "bea's", "Bea"))
    return Member(author, page, "passkey")
