"""A real mail server."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests import smtp
from tests.integration.mail.letters import use
from tests.smtp import MailServer


@pytest.fixture
def server() -> Iterator[MailServer]:
    with smtp.mail_server() as found:
        yield found


@pytest.fixture
def to_server(
    db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch, server: MailServer
) -> MailServer:
    use(settings, monkeypatch, server.port)
    return server
