"""The demo's pages, the API's description, and what watches over a running Kibitz."""

import json
from datetime import timedelta

import pytest
import redis
from django.conf import settings
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from comments.demo.articles import ARTICLES
from comments.events import wire
from comments.mail.models import Mail
from tests.cast import Person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("article", ARTICLES, ids=lambda article: article.slug or "first")
def test_a_demo_page_is_an_article_with_one_tag(article: object) -> None:
    path: str = article.path  # type: ignore[attr-defined]

    page = Client().get(path).content.decode()

    assert page.count("<script") == 1
    assert f'<script async src="/embed.js" data-site="demo" data-page-id="{path}"></script>' in page
    assert page.count('<a href="/demo/') == len(ARTICLES) - 1


def test_the_way_in_is_the_demo() -> None:
    response = Client().get("/")

    assert (response.status_code, response.headers["Location"]) == (302, "/demo/")


def test_an_article_that_is_not_there_is_no_json() -> None:
    response = Client().get("/demo/nothing/")

    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("text/html")


def test_it_is_alive() -> None:
    response = Client().get("/healthz")

    assert (response.status_code, response.content) == (200, b"ok\n")


def test_it_is_ready_while_the_database_answers() -> None:
    response = Client().get("/readyz")

    assert response.status_code == 200
    assert response.json() == {"ready": True, "database": "ok", "redis": "ok"}


def test_it_is_ready_without_redis(monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{free_port}/0")

    response = Client().get("/readyz")

    assert response.status_code == 200
    assert response.json() == {"ready": True, "database": "ok", "redis": "down"}


def test_it_is_not_ready_without_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    class Away:
        def cursor(self) -> None:
            raise DatabaseError("away")

    monkeypatch.setattr("comments.monitoring.api.connection", Away())

    response = Client().get("/readyz")

    assert response.status_code == 503
    assert response.json() == {"ready": False, "database": "down", "redis": "ok"}


def test_metrics_count_every_stage(alice: Person, redis_client: redis.Redis) -> None:
    alice.posted()
    redis_client.hset(wire.COUNTERS, mapping={"enqueued": 3, "framed": 2})
    redis_client.xadd(wire.stream_name(0), {"kind": "totals"})

    lines = Client().get("/metrics").content.decode().splitlines()

    assert "kibitz_redis_up 1.0" in lines
    assert "kibitz_events_unpublished 1.0" in lines
    assert 'kibitz_stage_total{stage="enqueued"} 3.0' in lines
    assert 'kibitz_stage_total{stage="framed"} 2.0' in lines
    assert 'kibitz_queue_length{stream="kibitz:events:0"} 1.0' in lines
    assert 'kibitz_queue_length{stream="kibitz:dead"} 0.0' in lines


def test_metrics_say_what_mail_waits_and_what_was_tried_in_vain() -> None:
    now = timezone.now()
    for state, tries in [("waiting", 3), ("waiting", 0), ("sent", 1), ("failed", 1), ("failed", 0)]:
        Mail.objects.create(
            to="ann@example.org",
            template="code",
            language="en",
            state=state,
            tries=tries,
            due=now,
            expires=now,
            created=now - timedelta(seconds=90 * tries),
        )

    lines = Client().get("/metrics").content.decode().splitlines()

    told = {
        name: float(value)
        for name, value in (line.split() for line in lines if line.startswith("kibitz_mail"))
    }
    assert (told["kibitz_mail_waiting"], told["kibitz_mail_failed"]) == (2, 1)
    assert told["kibitz_mail_waiting_oldest_seconds"] >= 270


def test_metrics_say_that_redis_is_away(monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{free_port}/0")

    lines = Client().get("/metrics").content.decode().splitlines()

    assert "kibitz_redis_up 0.0" in lines
    assert "kibitz_events_unpublished 0.0" in lines


def test_the_api_describes_itself() -> None:
    schema = Client().get("/api/schema/?format=json").json()
    docs = Client().get("/api/docs/")

    committed = json.loads((settings.BASE_DIR / "embed" / "openapi.json").read_text())
    assert schema["openapi"].startswith("3.")
    assert set(schema["paths"]) == set(committed["paths"])
    assert docs.status_code == 200


def test_the_admin_may_not_be_framed() -> None:
    assert Client().get("/admin/login/").headers["X-Frame-Options"] == "DENY"
