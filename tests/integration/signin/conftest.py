"""Ways in that count at once, and a real identity provider that a site offers."""

from collections.abc import Iterator

import pytest
from allauth.socialaccount.models import SocialApp

from comments.identity.members import Profile, member_by_email, member_by_profile
from comments.signin import providers, ways
from comments.signin.models import SiteSignIn
from comments.sites.models import Site
from tests.cast import Page
from tests.identity_provider import identity_provider
from tests.integration.signin.member import Member
from tests.integration.signin.popups import set_up


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
def app(site: Site, idp: str) -> SocialApp:
    """The provider by OpenID Connect, set up and switched on."""
    SiteSignIn.objects.create(site=site, providers=["idp", "gitlab"])
    return set_up("openid_connect", provider_id="idp", settings={"server_url": idp})


@pytest.fixture
def gitlab(app: SocialApp, idp: str) -> SocialApp:
    """The same one as a GitLab, by OAuth 2."""
    return set_up("gitlab", settings={"gitlab_url": idp})


@pytest.fixture
def ann(site: Site, page: Page) -> Member:
    author, _ = member_by_email(site, "ann@example.org", name="Ann")
    return Member(author, page)


@pytest.fixture
def bea(site: Site, page: Page) -> Member:
    """A member by a passkey alone."""
    author, _ = member_by_profile(site, Profile("passkey", "bea's", "Bea"))
    return Member(author, page, "passkey")
