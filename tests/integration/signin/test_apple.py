"""Apple's answer, which its page posts; tests/secure has the whole way, in a browser."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialApp
from django.contrib.sessions.models import Session as DjangoSession
from django.test import Client

from comments.signin.models import Handoff, SiteSignIn
from comments.sites.models import Site
from tests.integration.signin.popups import Popup, set_up, text_of

BACK = "/auth/apple/callback/"
COOKIE = "apple-login-session"
SAID = {"code": "a code", "state": "a state", "id_token": "a.b.c", "user": json.dumps({"name": {}})}


@pytest.fixture
def apple(site: Site) -> SocialApp:
    SiteSignIn.objects.create(site=site, providers=["apple"])
    return set_up("apple", key="TEAM")


def test_what_is_posted_comes_again_with_the_windows_cookies(apple: SocialApp) -> None:
    answer = Client().post(BACK, SAID)

    there = urlsplit(answer["Location"])
    assert (answer.status_code, there.path) == (302, "/auth/apple/finish/")
    assert parse_qs(there.query) == {"code": ["a code"], "state": ["a state"]}
    assert answer["Cache-Control"] == "no-store"
    assert set(answer.cookies) == {COOKIE}  # above all no other session in place of the window's
    cookie = answer.cookies[COOKIE]
    assert (cookie["path"], cookie["samesite"], cookie["httponly"]) == (there.path, "Lax", True)


def test_what_is_kept_of_it_is_little_and_ends(apple: SocialApp) -> None:
    answer = Client().post(BACK, SAID)
    kept = DjangoSession.objects.get(session_key=answer.cookies[COOKIE].value)

    assert kept.get_decoded()["_session_expiry"] == 15 * 60
    too_long = Client().post(BACK, {**SAID, "user": "x" * 8_001})
    assert (too_long.status_code, DjangoSession.objects.count()) == (400, 1)


@pytest.mark.one_database
def test_nobody_posts_without_end(apple: SocialApp) -> None:
    statuses = [Client().post(BACK, SAID).status_code for _ in range(21)]

    assert statuses == [302] * 20 + [429]
    assert DjangoSession.objects.count() == 20


@pytest.mark.parametrize("said", [{}, SAID, {"state": "x", "error": "user_cancelled_authorize"}])
def test_a_form_of_anybodys_signs_nobody_in(apple: SocialApp, said: dict[str, str]) -> None:
    browser = Client()

    page = browser.post(BACK, said, follow=True)

    assert (page.status_code, Handoff.objects.exists()) == (400, False)
    assert "Nobody was signed in" in text_of(page)


def test_another_providers_answer_is_not_posted(app: SocialApp) -> None:
    page = Client().post("/auth/idp/callback/", SAID)

    assert (page.status_code, COOKIE in page.cookies) == (400, False)


def test_who_cancels_is_told_so(apple: SocialApp) -> None:
    popup = Popup()
    state = parse_qs(urlsplit(popup.opened("apple")["Location"]).query)["state"][0]

    page = popup.client.post(BACK, {"state": state, "error": "user_cancelled_authorize"}, follow=True)

    assert page.status_code == 403
    assert "Apple did not sign you in, or you chose not to." in text_of(page)
