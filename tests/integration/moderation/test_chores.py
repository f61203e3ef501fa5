"""What the sweeper does once a minute: closes old threads, forgets what is kept for a while."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from comments.audit.services import Gesture
from comments.identity.members import member_by_email
from comments.mail.services import enqueue
from comments.models import (
    Action,
    Author,
    EmailCode,
    ErasedText,
    Handoff,
    Mail,
    Passkey,
    Post,
    Session,
    Site,
    Thread,
    UsedToken,
)
from comments.moderation import chores
from comments.moderation.chores import Chores
from comments.moderation.showing import change_thread
from comments.signin import forgetting
from comments.threads.closing import close_old_threads
from tests.cast import Person, page_of

pytestmark = pytest.mark.django_db

NOW = timezone.now()


def days(number: int) -> timedelta:
    return timedelta(days=number)


@pytest.fixture
def closing_site(site: Site) -> Site:
    """A site that closes threads after thirty days."""
    site.closes_after_days = 30
    site.save()
    return site


def begun(reader: Person, site: Site, name: str, *, days_ago: int) -> Thread:
    reader.posted(page=page_of(site, name))
    thread = Thread.objects.get(page_id=name)
    Thread.objects.filter(pk=thread.pk).update(created=NOW - days(days_ago))
    return thread


def is_closed(thread: Thread) -> bool:
    return Thread.objects.get(pk=thread.pk).is_locked


def test_old_threads_are_closed_live_and_it_is_written_down(alice: Person, closing_site: Site) -> None:
    old = begun(alice, closing_site, "first", days_ago=31)
    young = begun(alice, closing_site, "second", days_ago=29)

    assert close_old_threads(NOW) == 1

    assert (is_closed(old), is_closed(young)) == (True, False)
    assert [event["type"] for event in alice.events(after=1).data["events"]] == ["thread.locked"]
    assert alice.post().code == "thread_locked"
    row = Action.objects.get()
    assert (row.by, row.kind, row.thread_id, row.reason) == (
        "Kibitz",
        "thread",
        old.pk,
        "Older than 30 days.",
    )
    assert close_old_threads(NOW) == 0


def test_what_a_moderator_opened_again_stays_open(alice: Person, closing_site: Site) -> None:
    old = begun(alice, closing_site, "first", days_ago=40)
    close_old_threads(NOW)

    change_thread(old, Gesture(None, NOW), is_locked=False)

    assert close_old_threads(NOW) == 0
    assert not is_closed(old)


def test_a_site_that_says_nothing_closes_nothing(alice: Person, site: Site) -> None:
    begun(alice, site, "first", days_ago=4_000)

    assert close_old_threads(NOW) == 0


@pytest.mark.parametrize("closes_after_days", [1_000_000, 2_000_000_000])
def test_more_days_than_there_were_close_nothing(alice: Person, site: Site, closes_after_days: int) -> None:
    begun(alice, site, "first", days_ago=4_000)
    Site.objects.update(closes_after_days=closes_after_days)

    assert close_old_threads(NOW) == 0


def test_many_are_closed_in_batches(
    alice: Person, closing_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = [begun(alice, closing_site, str(number), days_ago=40) for number in range(5)]
    monkeypatch.setattr(chores, "BATCH", 2)
    monkeypatch.setattr(chores, "close_old_threads", lambda now: close_old_threads(now, limit=2))
    ticks = [1_000.0]
    todo = Chores(now=lambda: NOW, monotonic=lambda: ticks[0])

    closed = []
    for _ in range(4):  # half a second apart: what is not done goes on at once
        todo()
        closed.append(sum(map(is_closed, threads)))

    assert closed == [2, 4, 5, 5]


def test_the_search_for_old_threads_is_of_an_index(closing_site: Site) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        close_old_threads(NOW)
    sql = next(query["sql"] for query in queries if "created" in query["sql"] and "thread" in query["sql"])

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("EXPLAIN " + sql)
        else:
            cursor.execute("EXPLAIN QUERY PLAN " + sql)
        plan = str(cursor.fetchall())

    assert "thread_to_close" in plan


def test_addresses_of_old_posts_are_forgotten(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    old, young = alice.posted(), alice.posted()
    Post.objects.filter(pk=old).update(created=NOW - days(31))
    Post.objects.update(address="192.0.2.7")
    todo = Chores(now=lambda: NOW)

    todo.do()

    assert dict(Post.objects.values_list("pk", "address")) == {old: None, young: "192.0.2.7"}

    monkeypatch.setenv("KIBITZ_ADDRESS_RETENTION_DAYS", "0")
    Post.objects.filter(pk=young).update(created=NOW - days(1))
    todo.do()

    assert not Post.objects.filter(address__isnull=False).exists()


def test_many_addresses_are_forgotten_in_batches(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chores, "POSTS_AT_ONCE", 2)
    posts = [alice.posted() for _ in range(5)]
    Post.objects.update(address="192.0.2.7", created=NOW - days(60))
    Post.objects.filter(pk=posts[0]).update(address=None, created=NOW + days(1_000))  # holds nothing up
    todo = Chores(now=lambda: NOW)

    left = []
    for _ in range(3):
        todo.do()
        left.append(Post.objects.filter(address__isnull=False).count())

    assert left == [3, 1, 0]


def guest(site: Site, email: str, *, days_ago: int, **more: Any) -> Author:
    author = Author.objects.create(site=site, name="Gil", email=email, **more)
    Author.objects.filter(pk=author.pk).update(created=NOW - days(days_ago))
    return author


def test_addresses_of_guests_who_write_no_more_are_forgotten(
    alice: Person, closing_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = guest(closing_site, "old@x.org", days_ago=366)
    guest(closing_site, "young@x.org", days_ago=364)
    guest(closing_site, "member@x.org", days_ago=900, is_member=True)
    writes = guest(closing_site, "writes@x.org", days_ago=900)
    Post.objects.filter(pk=alice.posted()).update(author=writes, created=NOW - days(300))
    todo = Chores(now=lambda: NOW)

    todo.do()

    kept = set(Author.objects.exclude(email="").values_list("email", flat=True))
    assert kept == {"young@x.org", "member@x.org", "writes@x.org"}
    old.refresh_from_db()
    assert old.name == "Gil"

    monkeypatch.setenv("KIBITZ_GUEST_EMAIL_RETENTION_DAYS", "100")
    Chores(now=lambda: NOW).do()
    assert set(Author.objects.exclude(email="").values_list("email", flat=True)) == {"member@x.org"}


def test_guests_are_walked_in_batches_once_a_day(closing_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chores, "AUTHORS_AT_ONCE", 2)
    monkeypatch.setattr(chores, "TRAIN_EVERY_SECONDS", 1e9)  # a process of its own
    for number in range(5):
        guest(closing_site, f"{number}@x.org", days_ago=500)
    ticks = [1_000.0]
    todo = Chores(now=lambda: NOW, monotonic=lambda: ticks[0])

    left = []
    for _ in range(4):
        todo.do()
        left.append(Author.objects.exclude(email="").count())
    guest(closing_site, "late@x.org", days_ago=500)
    todo.do()
    left.append(Author.objects.exclude(email="").count())
    ticks[0] += chores.GUESTS_EVERY_SECONDS
    for _ in range(4):
        todo.do()
    left.append(Author.objects.exclude(email="").count())

    assert left == [3, 1, 0, 0, 1, 0]


def test_erased_texts_are_forgotten_when_they_cannot_come_back(alice: Person) -> None:
    posts = [Post.objects.get(pk=alice.posted()) for _ in range(2)]
    for post, seconds in zip(posts, (-1, 1), strict=True):
        ErasedText.objects.create(post=post, body="x", html="x", until=NOW + timedelta(seconds=seconds))

    Chores(now=lambda: NOW).do()

    assert list(ErasedText.objects.values_list("post_id", flat=True)) == [posts[1].pk]


def test_what_sign_ins_leave_behind_is_forgotten_when_it_is_past(site: Site) -> None:
    member, _ = member_by_email(site, "ann@example.org", name="Ann")
    mail = enqueue("ann@example.org", "code", "en", {}, now=NOW - days(8), lifetime=timedelta(minutes=10))
    for number, expires in enumerate((NOW, NOW + timedelta(seconds=1))):
        dates = {"created": NOW - days(1), "expires": expires}
        EmailCode.objects.create(site=site, email="ann@example.org", digest="x", mail=mail, **dates)
        Handoff.objects.create(
            site=site, challenge=str(number), code_digest="x", digits_digest="x", profile={}, **dates
        )
        UsedToken.objects.create(site=site, digest=str(number), expires=expires)
        Session.objects.create(author=member, digest=str(number), renewed=NOW, used=NOW, **dates)
        Passkey.objects.create(handle=str(number), credential_id=str(number), used=NOW, **dates)

    Chores(now=lambda: NOW).do()

    for model in (EmailCode, Handoff, Passkey, UsedToken, Session):
        assert [row.expires for row in model._default_manager.all()] == [NOW + timedelta(seconds=1)]
    assert not Mail.objects.exists()
    assert EmailCode.objects.get().mail is None


def test_past_sign_ins_are_forgotten_in_batches(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "FORGOTTEN_AT_ONCE", 2)
    for number in range(5):
        UsedToken.objects.create(site=site, digest=str(number), expires=NOW - days(1))
    todo = Chores(now=lambda: NOW)

    left = []
    is_more = []
    for _ in range(3):
        is_more.append(todo.do())
        left.append(UsedToken.objects.count())

    assert (left, is_more) == ([3, 1, 0], [True, True, False])


def test_once_a_minute_and_a_database_that_is_away_is_left_alone(
    alice: Person, closing_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = begun(alice, closing_site, "first", days_ago=31)
    ticks = [1_000.0]
    todo = Chores(now=lambda: NOW, monotonic=lambda: ticks[0])

    def away(now: object) -> int:
        raise DatabaseError("away")

    with monkeypatch.context() as patched:
        patched.setattr(chores, "close_old_threads", away)
        todo()
    ticks[0] += 59
    todo()
    assert not is_closed(old)

    ticks[0] += 1
    todo()
    assert is_closed(old)
