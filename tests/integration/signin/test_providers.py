"""Through the popup to a real identity provider and back, by OpenID Connect and by plain OAuth 2."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib.auth import get_user_model

from comments.identity.models import Identity
from comments.signin.models import Handoff, SiteSignIn
from comments.signin.providers import NAMES
from comments.signin.ways import ways_of
from comments.sites.models import Site
from tests.cast import Page, Person
from tests.identity_provider import CLIENT_SECRET, at_provider
from tests.integration.signin.popups import OPENED, Popup, code_in, set_up, take, text_of


@pytest.mark.parametrize("provider", ["idp", "gitlab"])
def test_a_reader_signs_in_with_a_provider(alice: Person, gitlab: SocialApp, provider: str) -> None:
    page = Popup().signed_in(provider)

    answer = take(alice, page)

    assert answer.status == 200, answer
    assert (answer.data["author"]["name"], answer.data["author"]["provider"]) == ("Ann Example", provider)
    identity = Identity.objects.get()
    assert (identity.provider, identity.subject) == (provider, "ann")
    profile = Handoff.objects.get().profile
    assert profile["avatar_url"] == ("https://pictures.example.org/ann.png" if provider == "gitlab" else "")
    assert (profile["email"], profile["is_email_trusted"]) == ("ann@example.org", False)


def test_the_same_account_is_the_same_author_in_another_browser(page: Page, app: SocialApp) -> None:
    keys = set()
    for verifier in ("1" * 43, "2" * 43):
        answer = take(Person("ann", page), Popup(verifier).signed_in(), verifier)
        keys.add(answer.data["author"]["key"])

    assert len(keys) == 1


def test_no_account_of_djangos_is_made_and_nothing_of_the_providers_kept(
    alice: Person, app: SocialApp
) -> None:
    take(alice, Popup().signed_in())

    assert not get_user_model().objects.exists()
    assert not SocialAccount.objects.exists()
    assert not SocialToken.objects.exists()


def test_who_is_logged_in_to_the_admin_stays_who_they_are(morgan: Person, app: SocialApp) -> None:
    popup = Popup()
    popup.client = morgan.client
    before = morgan.client.cookies["sessionid"].value

    code_in(popup.signed_in())

    assert morgan.client.cookies["sessionid"].value == before
    assert morgan.client.get("/admin/status/").status_code == 200


def test_an_address_that_is_an_accounts_opens_no_account(alice: Person, app: SocialApp) -> None:
    get_user_model().objects.create_superuser("ann", "ann@example.org")

    popup = Popup()
    popup.signed_in()

    assert popup.client.get("/admin/status/").status_code == 302


def test_who_says_no_may_try_again(app: SocialApp) -> None:
    popup = Popup()

    page = popup.back(at_provider(popup.opened(lang="de")["Location"], deny="1"))

    assert page.status_code == 403
    assert "The provider hat Sie nicht angemeldet" in text_of(page)
    again = unescape(re.search(r'class="button" href="([^"]+)"', page.content.decode())[1])  # type: ignore[index]
    assert parse_qs(urlsplit(again).query)["challenge"] == [popup.challenge]
    assert popup.client.get(again, headers=OPENED).status_code == 302


def test_a_provider_that_is_away_is_said_to_be(app: SocialApp, free_port: int) -> None:
    app.settings = {"server_url": f"http://127.0.0.1:{free_port}"}
    app.save()

    page = Popup().opened()

    assert page.status_code == 502
    assert "did not answer as it should" in text_of(page)


def test_a_provider_with_another_secret_is_a_failure_in_words(app: SocialApp) -> None:
    popup = Popup()
    address = at_provider(popup.opened()["Location"], login="ann")
    SocialApp.objects.update(secret="wrong")

    page = popup.back(address)

    assert page.status_code == 502
    assert CLIENT_SECRET not in page.content.decode()


def test_a_provider_is_offered_that_is_set_up_and_switched_on(site: Site, app: SocialApp) -> None:
    set_up("github")

    assert ways_of(site)["providers"] == [{"id": "idp", "name": "The provider"}]
    assert Popup().opened("github").status_code == 403
    SiteSignIn.objects.update(providers=["github", "gitlab", "idp", 7, None])
    assert ways_of(site)["providers"] == [
        {"id": "github", "name": "GitHub"},
        {"id": "idp", "name": "The provider"},
    ]


def test_a_way_that_is_switched_off_while_the_reader_is_away_is_off(app: SocialApp) -> None:
    popup = Popup()
    address = at_provider(popup.opened()["Location"], login="ann")
    SiteSignIn.objects.update(providers=[])

    page = popup.back(address)

    assert (page.status_code, Handoff.objects.exists()) == (403, False)


@pytest.mark.one_database
@pytest.mark.parametrize("provider", sorted(set(NAMES) - {"openid_connect"}))
def test_every_provider_can_be_asked(site: Site, provider: str) -> None:
    """As far as the way there: what it answers is its own."""
    SiteSignIn.objects.create(site=site, providers=[provider])
    set_up(provider, key="key")

    there = Popup().opened(provider)["Location"]

    asked = parse_qs(urlsplit(there).query)
    assert there.startswith("https://")
    assert asked["redirect_uri"] == [f"http://testserver/auth/{provider}/callback/"]
    assert asked["code_challenge_method"] == ["S256"]
