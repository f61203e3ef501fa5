"""How staff log in, and how nobody else does."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import NoReverseMatch, reverse
from pytest_django.fixtures import Settings

from tests.cast import API
from tests.integration.accounts.staff import PASSWORD, WRONG, is_in, log_in, staff
from tests.integration.moderation.routes import ROUTES

pytestmark = [pytest.mark.django_db]


@pytest.mark.parametrize("login", ["morgan", "MORGAN", "morgan@example.org", "Morgan@Example.org"])
@pytest.mark.parametrize("path", ["admin:login", "account_login"])
def test_staff_log_in_by_name_or_address_and_get_where_they_wanted(
    login: str, path: str, browser: Client
) -> None:
    staff()

    told = {"username": login, "password": PASSWORD, "next": "/admin/comments/post/"}
    answer = browser.post(reverse(path), told)

    assert answer.headers["Location"] == "/admin/comments/post/"
    assert is_in(browser)


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "javascript:alert(1)",
        "https:///evil.example",
    ],
)
def test_the_way_from_the_login_leads_to_no_other_host(elsewhere: str, browser: Client) -> None:
    staff()

    inside = browser.post(
        reverse("account_login"), {"username": "morgan", "password": PASSWORD, "next": elsewhere}
    )
    again = browser.get(reverse("admin:login"), {"next": elsewhere})

    assert inside.headers["Location"] == again.headers["Location"] == reverse("admin:index")


@pytest.mark.parametrize("who", ["nobody", "reader", "gone", "morgan"])
def test_who_gets_nowhere_is_told_the_same_whoever_it_is(who: str, browser: Client) -> None:
    staff()
    staff("reader", is_staff=False)
    staff("gone", is_active=False)

    answer = log_in(browser, who, WRONG if who == "morgan" else PASSWORD)

    assert "The username and/or password you specified are not correct." in answer.content.decode()
    assert not is_in(browser)


def test_nobody_signs_up(browser: Client) -> None:
    with pytest.raises(NoReverseMatch):
        reverse("account_signup")

    assert not [route for route, _ in ROUTES if "signup" in route]
    told = {"username": "mallory", "email": "m@example.org", "password1": PASSWORD, "password2": PASSWORD}
    browser.post("/admin/account/signup/", told)
    assert not User.objects.exists()
    assert "ign up" not in browser.get(reverse("account_login")).content.decode()


def test_logging_in_changes_the_session_that_was_planted(browser: Client) -> None:
    staff()
    session = browser.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    browser.cookies["sessionid"] = str(planted)

    log_in(browser)

    assert browser.cookies["sessionid"].value != planted
    stranger = Client()
    stranger.cookies["sessionid"] = str(planted)
    assert not is_in(stranger)


def test_logging_out_takes_a_post(browser: Client) -> None:
    staff()
    log_in(browser)

    browser.get(reverse("account_logout"))
    assert browser.get(reverse("admin:logout")).status_code == 405
    assert is_in(browser)

    key = browser.cookies["sessionid"].value
    browser.post(reverse("account_logout"))
    browser.cookies["sessionid"] = key
    assert not is_in(browser)


@pytest.mark.parametrize(
    "cookie", ['"\\000aaaaaaaaaaaaa"', '"\\355\\240\\200aaaaaaaaaa"', "a" * 5_000, "\xff" * 32]
)
@pytest.mark.parametrize("address", [f"{API}moderation/posts/", "/admin/", "/admin/account/login/"])
def test_a_session_that_is_none_breaks_nothing(browser: Client, address: str, cookie: str) -> None:
    answer = browser.get(address, HTTP_COOKIE=f"sessionid={cookie}")

    assert answer.status_code in {200, 302, 403}


@pytest.mark.one_database
@pytest.mark.parametrize(("is_https", "public"), [(True, ""), (False, ""), (False, "https://k.example")])
def test_cookies_of_the_admin_are_no_scripts_and_no_other_sites(
    is_https: bool, public: str, browser: Client, settings: Settings
) -> None:
    staff()
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = public.startswith("https")

    browser.get(reverse("account_login"), secure=is_https)
    log_in(browser, secure=is_https)

    session, csrf = browser.cookies["sessionid"], browser.cookies["csrftoken"]
    assert session["httponly"]
    assert session["samesite"] == csrf["samesite"] == "Lax"
    assert bool(session["secure"]) == bool(csrf["secure"]) == (is_https or bool(public))


@pytest.mark.one_database
def test_the_pages_take_no_form_of_another_page_and_run_nothing_but_our_files() -> None:
    staff()
    strict = Client(enforce_csrf_checks=True)

    for _, name in ROUTES:
        if not re.match("account_|mfa_|usersessions_", name):
            continue
        args: list[Any] = [1] if name in {"mfa_edit_webauthn", "mfa_remove_webauthn"} else []
        args = ["1", "key"] if name == "account_reset_password_from_key" else args
        page = strict.get(reverse(name, args=args))
        assert "script-src 'self';" in page.headers["Content-Security-Policy"], name
        assert "no-store" in page.headers["Cache-Control"], name
        assert page.headers["X-Frame-Options"] == "DENY", name
        assert page.headers["Referrer-Policy"] == "same-origin", name
        assert strict.post(reverse(name, args=args)).status_code == 403, name
        scripts = re.findall(r"<script(?![^>]*(?:src=|application/json))", page.content.decode())
        assert not scripts, name


@pytest.mark.one_database
@pytest.mark.parametrize(
    "told",
    [
        {},
        {"username": "", "password": ""},
        {"username": "morgan\0", "password": "x"},
        {"username": "x" * 100_000, "password": "x"},
        {"username": "morgan", "password": "x" * 100_000},
        {"username": "\ud800", "password": "\ud800"},
        {"username": "morgan", "password": PASSWORD + "\0"},
    ],
)
def test_a_form_that_is_wrong_is_shown_again(told: dict[str, str], browser: Client) -> None:
    staff()

    body = "&".join(f"{name}={value}" for name, value in told.items()).encode("utf-8", "surrogatepass")
    answer = browser.post(reverse("account_login"), body, content_type="application/x-www-form-urlencoded")

    assert answer.status_code in {200, 400}
    assert not is_in(browser)
