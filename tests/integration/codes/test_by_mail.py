"""The whole way: asked for, sent by a real mail server, read there, typed."""

import re
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from comments.mail.models import Mail
from comments.mail.worker import Postman
from comments.signin.codes import LATE_AFTER
from tests import smtp
from tests.cast import Person
from tests.integration.codes.readers import ask, make_older, state, typed
from tests.integration.mail.letters import use
from tests.smtp import Arrived, MailServer


@pytest.fixture
def server(db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    with smtp.mail_server() as found:
        use(settings, monkeypatch, found.port)
        yield found


def code_in(arrived: Arrived) -> str:
    [code] = re.findall(r"^ +(\d{6})\s*$", arrived.part("plain"), re.MULTILINE)
    return str(code)


def test_a_reader_types_what_arrived(reader: Person, server: MailServer) -> None:
    code_id = ask(reader, "ann@example.org", lang="fr").data["id"]
    assert state(reader, code_id).data["state"] == "waiting"

    Postman().look()

    [arrived] = server.arrived
    assert state(reader, code_id).data["state"] == "sent"
    assert arrived.recipients == ["ann@example.org"]
    assert arrived.message["Subject"] == "Votre code pour The blog"
    assert typed(reader, code_id, code_in(arrived)).status == 200
    assert not Mail.objects.exclude(context={}).exists()  # the code is nowhere any more


def test_a_reader_is_told_that_the_server_is_down_and_asks_again(reader: Person, server: MailServer) -> None:
    server.stop()
    first = ask(reader).data["id"]
    Postman().look()
    Mail.objects.update(created=Mail.objects.get().created - 2 * LATE_AFTER)
    assert state(reader, first).data["state"] == "failed"

    server.start()
    make_older(31)
    second = ask(reader).data["id"]
    Postman().look()

    [arrived] = server.arrived  # the code that is good, and no other
    assert state(reader, second).data["state"] == "sent"
    assert typed(reader, first, code_in(arrived)).code == "code_expired"
    assert typed(reader, second, code_in(arrived)).status == 200


def test_a_reader_is_told_at_once_of_an_address_that_is_refused(reader: Person, server: MailServer) -> None:
    server.answer = lambda to: "550 5.1.1 No such user"
    code_id = ask(reader).data["id"]

    Postman().look()

    assert state(reader, code_id).data["state"] == "failed"
