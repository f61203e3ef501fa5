"""Passwords of staff: guessed, changed, and chosen anew by a link."""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from comments.mail.message import compose
from comments.models import Mail
from tests.integration.accounts.staff import PASSWORD, WRONG, is_in, log_in, prove, staff

pytestmark = [pytest.mark.django_db]

NOT_OURS = {"Host": "evil.example"}


def test_five_wrong_passwords_lock_the_account_whatever_it_is_called_and_wherever_they_come_from(
    browser: Client,
) -> None:
    staff()
    staff("maxine")
    calls = ["morgan", "Morgan", "morgan@example.org", " MORGAN@example.org", "morgan"]

    for number, name in enumerate(calls):
        log_in(
            Client(), name, WRONG, REMOTE_ADDR=f"203.0.113.{number}", headers={"Host": f"h{number}.example"}
        )
    locked = log_in(browser, REMOTE_ADDR="198.51.100.1")
    other = log_in(Client(), "maxine", REMOTE_ADDR="198.51.100.1")

    assert "Too many failed login attempts" in locked.content.decode()
    assert not is_in(browser)
    assert other.status_code == 302


def test_many_guesses_at_once_are_no_more_than_one_after_another(shared_database: None) -> None:
    staff()
    ready = Barrier(12)

    def guess(number: int) -> str:
        client = Client(REMOTE_ADDR=f"203.0.113.{number}")
        ready.wait(30)
        try:
            return str(log_in(client, password=WRONG).content.decode())
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        pages = list(pool.map(guess, range(12)))

    assert sum("are not correct" in page for page in pages) <= 5
    assert sum("Too many failed" in page for page in pages) >= 7


@pytest.mark.parametrize(
    ("addresses", "is_locked"),
    [
        (["203.0.113.7"], True),
        (["2001:db8:1:2::1", "2001:db8:1:2::ffff"], True),  # one customer's
        (["2001:db8:1:2::1", "2001:db8:1:3::1"], False),
    ],
)
def test_ten_wrong_passwords_lock_their_address_out(
    addresses: list[str], is_locked: bool, browser: Client
) -> None:
    staff()

    for number in range(10):
        # What a client says of itself counts for nothing: no server in front wrote it.
        headers = {"X-Forwarded-For": f"192.0.2.{number}", "X-Real-IP": "192.0.2.1"}
        address = addresses[number % len(addresses)]
        log_in(Client(), f"name{number}", WRONG, REMOTE_ADDR=address, headers=headers)
    answer = log_in(browser, REMOTE_ADDR=addresses[0])

    assert ("Too many failed" in answer.content.decode()) == is_locked
    assert is_in(browser) != is_locked


def test_the_right_password_does_not_count_against_anybody(browser: Client) -> None:
    staff()

    for _ in range(8):
        log_in(browser)
        browser.post(reverse("account_logout"))

    log_in(browser)
    assert is_in(browser)


def test_saying_the_password_again_is_counted_too(browser: Client) -> None:
    staff()
    log_in(browser)

    for _ in range(5):
        assert prove(browser, WRONG).status_code == 200
    prove(browser)

    assert browser.get(reverse("mfa_activate_totp")).status_code == 302


def test_a_password_is_changed_with_the_old_one_and_other_browsers_are_out(browser: Client) -> None:
    staff()
    elsewhere = Client()
    log_in(browser)
    log_in(elsewhere)
    new = {"password1": "quite another one", "password2": "quite another one"}

    wrong = browser.post(reverse("account_change_password"), {"oldpassword": WRONG, **new})
    right = browser.post(reverse("account_change_password"), {"oldpassword": PASSWORD, **new})

    assert (wrong.status_code, right.status_code) == (200, 302)
    assert browser.get(reverse("admin:password_change")).headers["Location"] == reverse(
        "account_change_password"
    )
    assert is_in(browser)
    assert not is_in(elsewhere)


def asked_for_link(browser: Client, email: str, **headers: Any) -> Any:
    return browser.post(reverse("account_reset_password"), {"email": email}, **headers)


def test_a_link_from_a_mail_lets_choose_another_password_once(browser: Client) -> None:
    staff()

    asked_for_link(browser, "morgan@example.org")
    text = str(compose(Mail.objects.get()).body)
    path = re.search(r"http://testserver|http://127\.0\.0\.1:\d+(/\S+)", text)
    assert path is not None, text
    link = path[1]
    form = browser.get(link, follow=True)
    new = {"password1": "quite another one", "password2": "quite another one"}
    browser.post(form.redirect_chain[-1][0], new)

    log_in(browser, password="quite another one")
    assert is_in(browser)
    assert "Bad Token" in Client().get(link, follow=True).content.decode()


@pytest.mark.parametrize("email", ["nobody@example.org", "reader@example.org", "gone@example.org"])
def test_the_answer_is_the_same_where_no_link_goes_out(email: str) -> None:
    staff()
    staff("reader", is_staff=False)
    staff("gone", is_active=False)

    told = asked_for_link(Client(), email)
    known = asked_for_link(Client(), "morgan@example.org")

    assert (told.status_code, told.headers["Location"]) == (known.status_code, known.headers["Location"])
    assert [each.to for each in Mail.objects.all()] == ["morgan@example.org"]


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("public", "expected"),
    [("", "http://127.0.0.1:8000/admin/"), ("https://k.example", "https://k.example/admin/")],
)
def test_the_link_leads_to_us_whatever_host_the_request_names(
    public: str, expected: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff()
    monkeypatch.delenv("PORT", raising=False)
    settings.PUBLIC_URL = public
    settings.ALLOWED_HOSTS = ["*"]

    asked_for_link(Client(), "morgan@example.org", headers=NOT_OURS)

    sent = compose(Mail.objects.get())
    assert expected in str(sent.body)
    assert "evil" not in str(sent.message())


@pytest.mark.one_database
def test_links_are_asked_for_a_few_times_only() -> None:
    staff()

    answers = [asked_for_link(Client(), "morgan@example.org").status_code for _ in range(4)]

    assert answers == [302, 302, 302, 429]


@pytest.mark.one_database
@pytest.mark.parametrize("key", ["1-x", "zzzzzzzzzzzz-x", "0-" + "x" * 200])
def test_a_made_up_link_is_refused(key: str, browser: Client) -> None:
    assert "Bad Token" in browser.get(f"/admin/account/password/reset/key/{key}/").content.decode()


def test_an_account_without_a_password_does_not_log_in_by_one(browser: Client) -> None:
    User.objects.create_user("morgan", is_staff=True)

    log_in(browser, password="")
    log_in(browser, password="!")

    assert not is_in(browser)
