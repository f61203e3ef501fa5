"""Staff see where they are logged in, and end it."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from comments.accounts import sessions
from comments.accounts.browsers import browser_name
from comments.accounts.chores import AccountChores, forget_what_is_over
from comments.accounts.models import CacheEntry
from tests.cast import Person
from tests.integration.accounts.staff import is_in, staff

pytestmark = [pytest.mark.django_db]

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile Safari/604.1"
DESK = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(autouse=True)
def _seen_by_no_other_test() -> None:
    sessions._seen.clear()


def browser_of(user: Any, address: str, agent: str) -> Client:
    """Logged in, and seen in the admin."""
    browser = Client(REMOTE_ADDR=address, HTTP_USER_AGENT=agent)
    browser.force_login(user)
    assert is_in(browser)
    return browser


def test_a_moderator_sees_their_own_browsers_and_nobody_elses() -> None:
    morgan, maxine = staff(password=None), staff("maxine", password=None)
    browser_of(maxine, "192.0.2.99", DESK)
    browser_of(morgan, "192.0.2.1", PHONE)
    desk = browser_of(morgan, "192.0.2.2", DESK)

    page = desk.get(reverse("usersessions_list")).content.decode()

    assert "Safari on iPhone" in page
    assert "192.0.2.1" in page
    assert "Firefox on Linux (this one)" in page
    assert "192.0.2.99" not in page


def test_one_session_is_ended_and_loses_access_at_once() -> None:
    morgan = staff(password=None)
    phone, desk = browser_of(morgan, "192.0.2.1", PHONE), browser_of(morgan, "192.0.2.2", DESK)

    ended = UserSession.objects.get(user=morgan, ip="192.0.2.1")
    desk.post(reverse("usersessions_list"), {"end": ended.pk})

    assert not is_in(phone)
    assert phone.get("/api/v1/moderation/posts/").status_code == 403
    assert is_in(desk)


def test_all_others_are_ended() -> None:
    morgan = staff(password=None)
    others = [browser_of(morgan, f"192.0.2.{number}", PHONE) for number in range(3)]
    desk = browser_of(morgan, "192.0.2.9", DESK)

    desk.post(reverse("usersessions_list"), {"others": "1"})

    assert [is_in(one) for one in others] == [False] * 3
    assert is_in(desk)


def test_a_session_ends_itself() -> None:
    morgan = staff(password=None)
    desk = browser_of(morgan, "192.0.2.9", DESK)

    answer = desk.post(reverse("usersessions_list"), {"end": UserSession.objects.get(user=morgan).pk})

    assert answer.headers["Location"] == reverse("account_login")
    assert not is_in(desk)


@pytest.mark.parametrize("end", ["", "x", "-1", "9" * 40, None])
def test_nobody_ends_anothers_session(end: str | None) -> None:
    morgan, mallory = staff(password=None), staff("mallory", password=None)
    victim = browser_of(morgan, "192.0.2.1", PHONE)
    attacker = browser_of(mallory, "192.0.2.2", DESK)

    told = UserSession.objects.get(user=morgan).pk if end is None else end
    answer = attacker.post(reverse("usersessions_list"), {"end": told})

    assert answer.status_code == 302
    assert is_in(victim)
    assert is_in(attacker)


def test_the_moderators_calls_count_as_being_seen(morgan: Person) -> None:
    morgan.client.get("/api/v1/moderation/posts/")
    UserSession.objects.update(last_seen_at=timezone.now() - timedelta(hours=1))
    sessions._seen.clear()  # a minute later

    morgan.client.get("/api/v1/moderation/posts/")

    assert UserSession.objects.get().last_seen_at > timezone.now() - timedelta(minutes=1)


def test_being_seen_is_written_once_a_minute(morgan: Person) -> None:
    morgan.client.get(reverse("usersessions_list"))
    UserSession.objects.update(last_seen_at=(past := timezone.now() - timedelta(seconds=30)))

    morgan.client.get(reverse("admin:index"))

    assert UserSession.objects.get().last_seen_at == past


def test_what_is_over_is_forgotten() -> None:
    morgan = staff(password=None)
    desk, phone = browser_of(morgan, "192.0.2.2", DESK), browser_of(morgan, "192.0.2.1", PHONE)
    over, now = timezone.now() - timedelta(seconds=1), timezone.now()
    Session.objects.filter(pk=phone.session.session_key).update(expire_date=over)
    CacheEntry.objects.create(cache_key="old", value="", expires=over)
    CacheEntry.objects.create(cache_key="young", value="", expires=now + timedelta(hours=1))

    forget_what_is_over(now)

    assert [each.ip for each in UserSession.objects.all()] == ["192.0.2.2"]
    assert [each.cache_key for each in CacheEntry.objects.all()] == ["young"]
    assert is_in(desk)


def test_what_is_over_is_looked_for_once_an_hour() -> None:
    times = iter([0.0, 0.0, 3_599.0, 3_601.0, 3_601.0])
    chores, over = AccountChores(lambda: next(times)), timezone.now() - timedelta(seconds=1)

    left = []
    for _ in range(3):
        CacheEntry.objects.create(cache_key="old", value="", expires=over)
        chores()
        left.append(CacheEntry.objects.count())
        CacheEntry.objects.all().delete()

    assert left == [0, 1, 0]


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0) Chrome/140 Safari/537.36 Edg/140",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15) Chrome/140 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14) AppleWebKit Version/17 Safari/605", "Safari on macOS"),
        ("curl/8.0", "curl/8.0"),
        ("", "unknown"),
    ],
)
def test_browsers_have_names(agent: str, name: str) -> None:
    assert browser_name(agent) == name
