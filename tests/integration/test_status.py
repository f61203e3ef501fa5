"""The staff's pages about the pipeline: its status, and its dead letters."""

from typing import Any

import pytest
import redis
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from comments.events import request_redis, wire
from comments.events.dead_letters import list_dead
from comments.mail.server import DEVELOPMENT
from comments.monitoring import letters
from comments.monitoring.watch import Watch
from tests.cast import Person
from tests.streams import STREAM, queued

pytestmark = pytest.mark.django_db

ENTRY = wire.EventEntry(id=7, key="k" * 26, epoch="e", seq=3, data='{"seq":3,"html":"<b>Ż</b>"}', site="blog")
PAGES = ["status", "dead-letters"]


@pytest.fixture
def _no_redis(monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{free_port}/0")


def bury(client: redis.Redis, **but: str | int) -> str:
    """A dead letter; its id."""
    fields: dict[Any, Any] = {**ENTRY.fields(), "reason": "no node answered", "deliveries": 6, **but}
    return str(client.xadd(wire.DEAD, fields))


def page(person: Person, name: str, *arguments: str, **query: str) -> str:
    response = person.client.get(reverse(name, args=arguments), query)
    assert response.status_code == 200
    return response.content.decode()


def act(person: Person, action: str, *letter_ids: str, **more: str) -> str:
    """The page that follows."""
    told = {"action": action, "letter": letter_ids, **more}
    response = person.client.post(reverse("dead-letters-act"), told, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def dead(client: redis.Redis) -> list[str]:
    return [letter.id for letter in list_dead(client)]


def staff(*permissions: str) -> Client:
    user = get_user_model().objects.create_user("sam", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def test_the_status_shows_what_waits_who_holds_it_and_what_passed(
    morgan: Person, alice: Person, redis_client: redis.Redis
) -> None:
    alice.posted()
    Watch(redis_client)()
    for _ in range(3):
        redis_client.xadd(STREAM, {"kind": "totals"})
    redis_client.xgroup_create(STREAM, wire.GROUP, id="0")
    redis_client.xreadgroup(wire.GROUP, "formatter-a", {STREAM: ">"}, count=1)
    redis_client.hincrby(wire.COUNTERS, "frames", 1234)
    redis_client.hset(wire.SOCKETS, "daphne-1", f"56 {10**10}")

    text = page(morgan, "status")

    assert "<dd>3<small>2 wait, 1 held</small></dd>" in text
    assert "of 1 event<" in text
    assert '<th scope="row">formatter-a</th>' in text
    assert '<td class="number">1234</td>' in text
    assert '<th scope="row">daphne-1</th><td class="number">56</td>' in text
    drawn = text.partition('<div id="status">')[2]
    assert drawn.count("<caption>") == drawn.count("<table>") == 5


@pytest.mark.usefixtures("_no_redis")
def test_without_redis_the_status_says_so(morgan: Person) -> None:
    text = page(morgan, "status")

    assert "Redis does not answer" in text
    assert "<dt>Redis</dt><dd>down</dd>" in text


@pytest.mark.parametrize(
    ("public", "is_said"), [("", False), ("http://localhost:8000", False), ("https://c.example.org", True)]
)
def test_the_status_says_where_mail_cannot_leave(
    morgan: Person, settings: Settings, public: str, is_said: bool
) -> None:
    settings.EMAIL_BACKEND, settings.PUBLIC_URL = DEVELOPMENT, public

    assert ("set KIBITZ_SMTP_URL and KIBITZ_MAIL_FROM" in page(morgan, "status")) == is_said


def test_every_page_of_the_admin_leads_to_the_status(morgan: Person) -> None:
    assert f'<a href="{reverse("status")}">Status</a>' in page(morgan, "admin:index")


@pytest.mark.parametrize("name", PAGES)
def test_readers_are_sent_to_the_login(name: str, alice: Person) -> None:
    response = alice.client.get(reverse(name))

    assert response.status_code == 302
    assert response.headers["Location"].startswith("/admin/login/")


def test_staff_need_a_permission_for_what_is_of_all_sites(redis_client: redis.Redis) -> None:
    letter_id = bury(redis_client)
    client = staff()

    statuses = [
        client.get(reverse("status")).status_code,
        client.get(reverse("dead-letters")).status_code,
        client.get(reverse("dead-letter", args=[letter_id])).status_code,
        client.post(reverse("dead-letters-act"), {"action": "replay_all"}).status_code,
    ]

    assert statuses == [403, 403, 403, 403]
    assert reverse("status") not in client.get(reverse("admin:index")).content.decode()
    assert dead(redis_client) == [letter_id]


def test_who_may_only_look_cannot_act(redis_client: redis.Redis) -> None:
    letter_id = bury(redis_client)
    client = staff("view_event")

    shown = client.get(reverse("dead-letters"))
    refused = client.post(reverse("dead-letters-act"), {"action": "replay", "letter": letter_id})

    assert shown.status_code == 200
    assert "Replay" not in shown.content.decode()
    assert refused.status_code == 403
    assert dead(redis_client) == [letter_id]


def test_dead_letters_are_listed_with_why_they_died(morgan: Person, redis_client: redis.Redis) -> None:
    letter_id = bury(redis_client)

    text = page(morgan, "dead-letters")

    assert reverse("dead-letter", args=[letter_id]) in text
    for told in (
        "k" * 26,
        '<td class="number">3</td>',
        "blog",
        "no node answered",
        '<td class="number">6</td>',
    ):
        assert told in text


def test_without_dead_letters_it_says_so(morgan: Person) -> None:
    assert "There are none: every event that was taken has been published." in page(morgan, "dead-letters")


def test_many_are_on_several_pages(
    morgan: Person, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letters, "PAGE", 2)
    first, second, third = (bury(redis_client) for _ in range(3))

    one, two = page(morgan, "dead-letters"), page(morgan, "dead-letters", after=second)

    assert [letter_id in one for letter_id in (first, second, third)] == [True, True, False]
    assert f'<a href="?after={second}">' in one
    assert [letter_id in two for letter_id in (first, third)] == [False, True]
    assert "?after=" not in two


def test_one_letter_shows_what_it_carries_as_text(morgan: Person, redis_client: redis.Redis) -> None:
    text = page(morgan, "dead-letter", bury(redis_client))

    assert "&lt;b&gt;Ż&lt;/b&gt;" in text
    assert "<b>Ż</b>" not in text


def test_replaying_selected_ones_queues_them_and_is_noted(morgan: Person, redis_client: redis.Redis) -> None:
    chosen, left = bury(redis_client), bury(redis_client)

    text = act(morgan, "replay", chosen)

    assert "1 queued again." in text
    assert queued(redis_client) == [ENTRY]
    assert dead(redis_client) == [left]
    entry = LogEntry.objects.get()
    assert (entry.user.get_username(), entry.object_id, entry.action_flag) == ("morgan", "7", CHANGE)
    assert str(entry.object_repr).startswith(f"dead letter {chosen}")
    assert str(entry.object_repr) in page(morgan, "admin:index")


def test_replaying_all_goes_through_every_page_and_keeps_what_nobody_here_wrote(
    morgan: Person, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letters, "PAGE", 2)
    stranger = bury(redis_client, kind="gossip")
    for _ in range(4):
        bury(redis_client)

    text = act(morgan, "replay_all")

    assert "4 queued again. 1 stay: no Kibitz wrote them." in text
    assert dead(redis_client) == [stranger]
    assert redis_client.hget(wire.COUNTERS, "replayed") == "4"


def test_discarding_asks_first_and_says_what_it_means(morgan: Person, redis_client: redis.Redis) -> None:
    letter_id = bury(redis_client)

    text = act(morgan, "discard", letter_id)

    assert "Their event rows are marked as published" in text
    assert dead(redis_client) == [letter_id]


def test_discarding_forgets_marks_the_row_and_is_noted(morgan: Person, redis_client: redis.Redis) -> None:
    letter_id = bury(redis_client)

    text = act(morgan, "discard", letter_id, confirmed="yes")

    assert "1 discarded." in text
    assert dead(redis_client) == []
    assert redis_client.lrange(wire.DONE, 0, -1) == ["7 e"]
    assert redis_client.hget(wire.COUNTERS, "discarded") == "1"
    assert LogEntry.objects.get().action_flag == DELETION


@pytest.mark.parametrize("action", ["replay", "discard"])
def test_what_is_gone_meanwhile_is_no_trouble(action: str, morgan: Person) -> None:
    for letter_id in ("1-1", "nonsense", "1-1; DROP", "-", "9" * 40 + "-0"):
        act(morgan, action, letter_id, confirmed="yes")

    assert not LogEntry.objects.exists()


def test_what_makes_no_sense_is_refused(morgan: Person) -> None:
    assert "Choose at least one dead letter." in act(morgan, "replay")
    assert morgan.client.post(reverse("dead-letters-act"), {"action": "eat"}).status_code == 400
    assert morgan.client.get(reverse("dead-letters-act")).status_code == 405
    assert morgan.client.get(reverse("dead-letters"), {"after": "(1"}).status_code == 400
    for letter_id in ("1-1", "nonsense"):
        response = morgan.client.get(reverse("dead-letter", args=[letter_id]), follow=True)
        assert "There is no dead letter" in response.content.decode()


@pytest.mark.usefixtures("_no_redis")
def test_without_redis_the_letters_pages_say_so(morgan: Person) -> None:
    for text in (
        page(morgan, "dead-letters"),
        page(morgan, "dead-letter", "1-1"),
        act(morgan, "replay_all"),
        act(morgan, "replay", "1-1"),
        act(morgan, "discard", "1-1", confirmed="yes"),
    ):
        assert "Redis does not answer, and the dead letters are there." in text


def test_what_the_queue_does_not_take_stays_dead(morgan: Person, redis_client: redis.Redis) -> None:
    letter_id = bury(redis_client)
    request_redis.breaker._open_until = float("inf")

    text = act(morgan, "replay", letter_id)

    assert "Redis does not answer" in text
    assert dead(redis_client) == [letter_id]
    assert not LogEntry.objects.exists()
