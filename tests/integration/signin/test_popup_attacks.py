"""A popup to a provider, and who would have it sign in somebody else, or lead elsewhere."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialApp
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session as DjangoSession
from django.test import Client

from comments.identity.models import Session
from comments.signin.handoffs import challenge_of
from comments.signin.models import Handoff
from comments.sites.services import create_site
from tests.cast import API, ORIGIN, Person
from tests.identity_provider import at_provider
from tests.integration.signin.popups import OPENED, VERIFIER, Popup, code_in, take, text_of


def test_a_state_is_of_one_session(app: SocialApp) -> None:
    mallory, victim = Popup("m" * 43), Popup()
    victim.opened()
    stolen = at_provider(mallory.opened()["Location"], login="mallory")

    page = victim.back(stolen)

    assert (page.status_code, "data-code" in page.content.decode()) == (400, False)
    assert "Nobody was signed in" in text_of(page)
    assert not Handoff.objects.exists()


def test_a_way_back_leads_back_once(app: SocialApp) -> None:
    popup = Popup()
    address = at_provider(popup.opened()["Location"], login="ann")
    code_in(popup.back(address))

    assert popup.back(address).status_code == 400
    assert Handoff.objects.count() == 1


@pytest.mark.parametrize("query", ["", "?code=x", "?state=x", "?code=x&state=x", "?error=access_denied"])
def test_who_comes_from_nowhere_is_told_so(app: SocialApp, query: str) -> None:
    page = Client().get(f"/auth/idp/callback/{query}")

    assert page.status_code == 400
    assert "Nobody was signed in" in text_of(page)


def test_a_state_of_another_provider_is_none_here(gitlab: SocialApp) -> None:
    popup = Popup()
    address = at_provider(popup.opened("idp")["Location"], login="ann")

    page = popup.back(address.replace("/idp/", "/gitlab/"))

    assert (page.status_code, Handoff.objects.exists()) == (400, False)


def test_a_code_of_somebody_elses_way_is_refused(app: SocialApp) -> None:
    """PKCE: mallory's code with the victim's state."""
    mallory, victim = Popup("m" * 43), Popup()
    theirs = parse_qs(urlsplit(at_provider(mallory.opened()["Location"], login="mallory")).query)
    own = at_provider(victim.opened()["Location"], login="ann")
    state = parse_qs(urlsplit(own).query)["state"][0]

    page = victim.back(f"http://testserver/auth/idp/callback/?code={theirs['code'][0]}&state={state}")

    assert (page.status_code, Handoff.objects.exists()) == (502, False)


def test_pkce_and_a_state_go_to_the_provider_and_nothing_of_ours(app: SocialApp) -> None:
    popup = Popup()

    sent = parse_qs(urlsplit(popup.opened()["Location"]).query)

    assert sent["code_challenge_method"] == ["S256"]
    assert len(sent["state"][0]) >= 16
    assert sent["redirect_uri"] == ["http://testserver/auth/idp/callback/"]
    assert popup.challenge not in str(sent)


@pytest.mark.parametrize(
    "query",
    [
        {"next": "https://evil.example/"},
        {"next": "//evil.example/", "process": "redirect"},
        {"process": "connect"},
        {"redirect_uri": "https://evil.example/", "auth_params": "redirect_uri=https://evil.example/"},
        {"scope": "admin", "auth_params": "prompt=none"},
    ],
)
def test_an_address_of_ours_leads_nowhere_else(alice: Person, app: SocialApp, query: dict[str, str]) -> None:
    popup = Popup()

    there = popup.opened(**query)["Location"]

    assert "evil" not in there
    assert "admin" not in there
    assert "prompt" not in there
    page = popup.back(at_provider(there, login="ann"))
    assert (page.status_code, take(alice, page).status) == (200, 200)
    assert "evil" not in page.content.decode()


@pytest.mark.one_database
@pytest.mark.parametrize(
    "path",
    [
        "/auth/idp/login/",
        "/auth/idp/login/callback/",
        "/auth/gitlab/login/",
        "/auth/openid_connect/",
        "/auth/oidc/idp/login/",
        "/auth/signup/",
        "/auth/3rdparty/",
        "/auth/3rdparty/signup/",
        "/auth/login/",
        "/auth/google/login/token/",
        "/accounts/login/",
        "/auth/google/",
        "/auth/sso/",
    ],
)
def test_allauths_own_pages_are_not_there(gitlab: SocialApp, path: str) -> None:
    for method in ("get", "post"):
        answer = getattr(Client(), method)(path, {"site": "blog", "challenge": challenge_of(VERIFIER)})
        assert answer.status_code in {400, 403, 404, 405}, (method, path)
    assert not get_user_model().objects.exists()


@pytest.mark.one_database
@pytest.mark.parametrize(
    "headers",
    [
        *({**OPENED, "Sec-Fetch-Site": site} for site in ("cross-site", "same-site", "none")),
        {"Sec-Fetch-Site": "same-origin"},  # a comment's link
    ],
)
def test_only_our_own_frame_opens_the_popup(app: SocialApp, headers: dict[str, str]) -> None:
    """A link with a challenge of mallory's would have the reader tell mallory the digits."""
    told = {"site": "blog", "challenge": challenge_of(VERIFIER)}

    page = Client().get("/auth/idp/", told, headers=headers)

    assert (page.status_code, "sessionid" in page.cookies) == (400, False)


@pytest.mark.one_database
@pytest.mark.parametrize(
    "query",
    [
        {"challenge": ""},
        {"challenge": "short"},
        {"challenge": "a" * 44},
        {"challenge": "a" * 42 + "\n"},
        {"challenge": "<script>" + "a" * 35},
        {"site": "nobody"},
        {"site": ""},
        {"site": "\x00"},
        {"lang": "x" * 2_000},
    ],
)
def test_what_the_popup_is_opened_with_is_looked_at(app: SocialApp, query: dict[str, str]) -> None:
    page = Popup().opened(**query)

    assert page.status_code == (302 if "lang" in query else 400)


def test_a_session_that_was_planted_is_not_the_popups(app: SocialApp) -> None:
    mallory, victim = Popup("m" * 43), Popup()
    mallory.opened()
    planted = mallory.client.cookies["sessionid"].value
    victim.client.cookies["sessionid"] = planted

    victim.opened()

    assert victim.client.cookies["sessionid"].value != planted
    assert not DjangoSession.objects.filter(session_key=planted).exists()


def test_another_site_is_not_signed_in_to(alice: Person, app: SocialApp) -> None:
    create_site("other", origins=[ORIGIN], is_unlimited=True)
    page = Popup().signed_in()

    told = {"verifier": VERIFIER, "code": code_in(page)}
    answer = alice.send("POST", f"{API}sites/other/handoffs/", told, OPENED)

    assert answer.code == "handoff_refused"


def test_the_pages_say_nothing_to_others(app: SocialApp) -> None:
    popup = Popup()
    there = popup.opened()
    page = popup.back(at_provider(there["Location"], login="ann"))

    for answer in (there, page):
        assert answer["Cross-Origin-Opener-Policy"] == "unsafe-none"
        assert answer["Referrer-Policy"] == "same-origin"
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["Cache-Control"] == "no-store"
        assert answer["X-Robots-Tag"] == "noindex, nofollow"
        policy = answer["Content-Security-Policy"]
        assert "default-src 'none'; script-src 'self';" in policy
        assert "unsafe" not in policy
    text = page.content.decode()
    assert not re.search(r"<script(?![^>]* src=)|\son\w+=|style=", text)


@pytest.mark.one_database
def test_windows_cannot_be_opened_without_end(app: SocialApp) -> None:
    popup = Popup()

    statuses = {popup.opened().status_code for _ in range(21)}

    assert statuses == {302, 429}
    assert not Session.objects.exists()
