"""The second factor of staff: apps and recovery codes for real."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session as DjangoSession
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from comments.models import CacheEntry
from tests.authenticator_app import App
from tests.cast import Person
from tests.integration.accounts.staff import (
    PASSWORD,
    WRONG,
    is_in,
    log_in,
    prove,
    recovery_codes,
    set_up_app,
    staff,
    with_app,
)

pytestmark = [pytest.mark.django_db]

QUEUE = "/api/v1/moderation/posts/"


def give(browser: Client, code: str) -> Any:
    return browser.post(reverse("mfa_authenticate"), {"code": code})


def test_the_password_alone_does_not_let_in_who_has_an_app(browser: Client) -> None:
    app = with_app(staff())

    answer = log_in(browser)

    assert answer.headers["Location"] == reverse("mfa_authenticate")
    assert not is_in(browser)
    assert browser.get(QUEUE).status_code == 403
    give(browser, app.code())
    assert is_in(browser)


def test_a_code_is_good_once(browser: Client) -> None:
    app = with_app(staff())
    code = app.code()
    log_in(browser)
    give(browser, code)

    thief = Client()
    log_in(thief)
    give(thief, code)

    assert not is_in(thief)


def test_an_old_code_is_not_good(browser: Client) -> None:
    app = with_app(staff())
    log_in(browser)

    give(browser, app.code(-4))

    assert not is_in(browser)


def test_a_code_without_a_password_is_nothing(browser: Client) -> None:
    app = with_app(staff())

    give(browser, app.code())

    assert not is_in(browser)


def test_a_code_of_another_account_is_not_good(browser: Client) -> None:
    with_app(staff())
    other = with_app(staff("mallory"))
    log_in(browser)

    give(browser, other.code())

    assert not is_in(browser)


def test_five_wrong_codes_lock_the_account_from_wherever(browser: Client) -> None:
    app = with_app(staff())
    for number in range(5):
        thief = Client(REMOTE_ADDR=f"203.0.113.{number}")
        log_in(thief)
        assert "Incorrect code" in give(thief, "000000").content.decode()

    log_in(browser)
    answer = give(browser, app.code())

    assert "Too many failed" in answer.content.decode()
    assert not is_in(browser)


def test_a_recovery_code_lets_in_once(browser: Client) -> None:
    user = staff()
    with_app(user)
    code = recovery_codes(user)[0]
    log_in(browser)
    give(browser, code)
    again = Client()
    log_in(again)
    give(again, code)

    assert is_in(browser)
    assert not is_in(again)


@pytest.mark.parametrize("code", ["", " ", "\0", "x" * 10_000, "１２３４５６", "-1", "12 34 56"])
def test_what_is_no_code_is_wrong(code: str, browser: Client) -> None:
    with_app(staff())
    log_in(browser)

    assert give(browser, code).status_code == 200
    assert not is_in(browser)


def test_factors_are_changed_after_proving_it_again_and_with_the_factor_where_there_is_one(
    browser: Client,
) -> None:
    user = staff()
    log_in(browser)
    unproved = browser.get(reverse("mfa_activate_totp")).headers["Location"]
    app = set_up_app(browser)
    browser.post(reverse("account_logout"))
    log_in(browser)
    give(browser, app.code())
    prove(browser)  # by password, which is not enough any more
    by_password = browser.post(reverse("mfa_deactivate_totp")).headers["Location"]
    has_it = Authenticator.objects.filter(user=user, type="totp").exists()
    browser.post(reverse("mfa_reauthenticate"), {"code": app.code(1)})
    browser.post(reverse("mfa_deactivate_totp"))

    assert unproved.startswith(reverse("account_reauthenticate"))
    assert by_password.startswith(reverse("mfa_reauthenticate"))
    assert has_it
    assert not Authenticator.objects.filter(user=user).exists()


def test_the_first_factor_ends_the_sessions_that_began_without(browser: Client) -> None:
    staff()
    thief = Client()
    log_in(thief)
    log_in(browser)

    set_up_app(browser)

    assert is_in(browser)
    assert not is_in(thief)


def test_secrets_are_not_in_the_clear_in_the_database(browser: Client) -> None:
    user = staff()
    log_in(browser)
    prove(browser)
    page: Any = browser.get(reverse("mfa_activate_totp"))
    secret = page.context_data["form"].secret

    browser.post(reverse("mfa_activate_totp"), {"code": App(secret).code()})

    kept = str(list(Authenticator.objects.filter(user=user).values_list("data", flat=True)))
    assert "gAAAA" in kept
    assert secret not in kept
    assert not [code for code in recovery_codes(user) if code in kept]


def test_a_secret_of_another_key_fits_no_code(browser: Client, settings: Settings) -> None:
    app = with_app(staff())
    settings.SECRET_KEY = "another"
    log_in(browser)

    assert "Incorrect code" in give(browser, app.code()).content.decode()


def test_the_admin_shows_nobodys_secrets(morgan: Person) -> None:
    with_app(staff("bob"))
    admin = morgan.client.get(reverse("admin:index")).content.decode()

    assert "uthenticator" not in admin
    for page in ("mfa/authenticator", "account/emailaddress", "usersessions/usersession"):
        assert morgan.client.get(f"/admin/{page}/").status_code == 404


@pytest.mark.one_database
@pytest.mark.parametrize(
    "credential",
    [
        *("", "[]", "1", "null", "{}", '"x"', "{", '{"response": []}', '{"response": {"userHandle": 1}}'),
        '{"response": {"userHandle": "%s"}}' % ("z" * 20),
        '{"id": "eA", "rawId": "eA", "type": "public-key", "response": {"userHandle": "MQ",'
        ' "clientDataJSON": "e30", "authenticatorData": "eA", "signature": "eA"}}',
    ],
)
def test_a_made_up_passkey_is_wrong_and_breaks_nothing(credential: str, browser: Client) -> None:
    user = staff(pk=1)
    browser.get(reverse("mfa_login_webauthn"), headers={"Accept": "application/json"})

    by_passkey = browser.post(reverse("mfa_login_webauthn"), {"credential": credential})
    with_app(user)
    log_in(browser)
    second = browser.post(reverse("mfa_authenticate"), {"credential": credential})

    assert by_passkey.status_code == 302
    assert second.status_code == 200
    assert not is_in(browser)
    inside = Client()
    inside.force_login(staff("other"))
    prove(inside)
    added = inside.post(reverse("mfa_add_webauthn"), {"name": "x", "credential": credential})
    assert added.status_code == 200


@pytest.mark.one_database
def test_a_stranger_asks_for_so_many_challenges(browser: Client, settings: Settings) -> None:
    """Each leaves a row behind."""
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"passkey": "3/m/ip"}
    path, headers = reverse("mfa_login_webauthn"), {"Accept": "application/json"}

    answers = [Client().get(path, headers=headers).status_code for _ in range(5)]

    assert answers == [200, 200, 200, 429, 429]
    assert DjangoSession.objects.count() == 3


@pytest.mark.one_database
def test_counts_of_failures_are_in_the_database_so_that_all_processes_know_them(browser: Client) -> None:
    staff()

    log_in(browser, password=WRONG)

    assert CacheEntry.objects.filter(cache_key__contains="login_failed").count() == 4
    assert not [row for row in CacheEntry.objects.all() if PASSWORD in row.value or WRONG in row.value]


@pytest.mark.one_database
def test_without_redis_logins_and_their_limits_go_on(no_redis: None, browser: Client) -> None:
    staff()
    for _ in range(5):
        log_in(Client(), password=WRONG)

    assert "Too many failed" in log_in(browser).content.decode()
