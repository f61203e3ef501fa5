"""Mail that waits, and a worker at a moment of the test's choice."""

from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from django.utils import timezone
from pytest_django import Settings

from comments.mail.models import Mail
from comments.mail.server import mail_settings
from comments.mail.services import enqueue
from comments.mail.worker import Postman
from tests.smtp import MailServer

NOW = timezone.now()

CODE: Final[dict[str, str | int]] = {
    "code": "123456",
    "site": "The blog",
    "where": "The blog (blog.example.org)",
    "minutes": 10,
}

LIFETIME = timedelta(minutes=10)


def use(settings: Settings, monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    monkeypatch.setenv("KIBITZ_SMTP_URL", f"smtp://127.0.0.1:{port}")
    monkeypatch.setenv("KIBITZ_MAIL_FROM", "comments@kibitz.example")
    for name, value in mail_settings().items():
        setattr(settings, name, value)


def waiting(to: str = "ann@example.org", *, language: str = "en", now: datetime = NOW, **but: str) -> Mail:
    return enqueue(to, "code", language, CODE | but, now=now, lifetime=LIFETIME)


def postman_at(after: timedelta = timedelta()) -> Postman:
    return Postman(now=lambda: NOW + after)


def state_of(mail: Mail) -> tuple[str, dict[str, Any]]:
    mail.refresh_from_db()
    return mail.state, mail.context


def has_come(server: MailServer, count: int) -> bool:
    return len(server.arrived) == count
