"""Akismet is told where a moderator decided against it, when that cannot be undone any more."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from comments.models import Check, Post, Site, SiteRules
from comments.moderation.checking import carry_out, take
from tests import services
from tests.cast import Person, page_of
from tests.integration.moderation.conftest import Moderator
from tests.services import Service

pytestmark = pytest.mark.django_db

LATER = timedelta(seconds=20)


@pytest.fixture
def akismet(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with services.service(services.answers("false")) as found:
        monkeypatch.setenv("KIBITZ_AKISMET_URL", found.url)
        yield found


@pytest.fixture
def writer(limited_site: Site, akismet: Service) -> Person:
    SiteRules.objects.create(
        site=limited_site, phases=[{"phase": "akismet", "is_on": True}], akismet_key="abc"
    )
    return Person("alice", page_of(limited_site))


@pytest.fixture
def morgan(writer: Person) -> Moderator:
    return Moderator(User.objects.create_superuser("morgan"), writer.page)


def carry_out_due(later: timedelta = timedelta(0)) -> None:
    for check in take(timezone.now() + later, room=100):
        carry_out(check)


def calls(akismet: Service) -> list[str]:
    return [asked.line.split()[1].rpartition("/")[2] for asked in akismet.asked]


def test_spam_that_it_missed_is_told(writer: Person, morgan: Moderator, akismet: Service) -> None:
    post = writer.posted("Cheap watches.")
    carry_out_due()
    akismet.behaviour = services.answers("Thanks for making the web a better place.")

    morgan.decide("spam", post)
    carry_out_due()
    assert calls(akismet) == ["comment-check"]  # it may still be undone
    carry_out_due(LATER)

    assert calls(akismet) == ["comment-check", "submit-spam"]
    assert not Check.objects.exists()


def test_a_good_comment_that_it_called_spam_is_told(
    writer: Person, morgan: Moderator, akismet: Service
) -> None:
    akismet.behaviour = services.answers("true")
    post = writer.posted("Not spam at all.")
    carry_out_due()
    assert Post.objects.get().status == "spam"
    akismet.behaviour = services.answers("Thanks for making the web a better place.")

    morgan.decide("approve", post)
    carry_out_due(LATER)

    assert calls(akismet) == ["comment-check", "submit-ham"]


def test_where_both_agree_nothing_is_told(writer: Person, morgan: Moderator, akismet: Service) -> None:
    post = writer.posted("Hello.")
    carry_out_due()

    morgan.decide("reject", post)
    morgan.decide("approve", post)
    carry_out_due(LATER)

    assert calls(akismet) == ["comment-check"]


def test_what_is_undone_is_not_told(writer: Person, morgan: Moderator, akismet: Service) -> None:
    post = writer.posted("Hello.")
    carry_out_due()

    batch = morgan.decide("spam", post).data["batch"]
    morgan.act("undo", batch=batch)
    carry_out_due(LATER)

    assert calls(akismet) == ["comment-check"]


def test_an_akismet_that_fails_is_told_later_and_then_left(
    writer: Person, morgan: Moderator, akismet: Service
) -> None:
    post = writer.posted("Hello.")
    carry_out_due()
    akismet.behaviour = services.answers("", status="503 Service Unavailable")

    morgan.decide("spam", post)
    for _ in range(5):
        carry_out_due(timedelta(minutes=10))

    assert calls(akismet) == ["comment-check", *["submit-spam"] * 3]
    assert not Check.objects.exists()
    assert Post.objects.get().status == "spam"
