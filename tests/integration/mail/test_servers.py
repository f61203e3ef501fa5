"""Mail servers that are away, hang, refuse or are not trusted."""

import ssl
import time
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pytest_django import Settings

from comments.mail.models import Mail
from comments.mail.services import KEEP, forget_old_mail, give_up
from comments.mail.worker import pause
from tests import smtp
from tests.integration.mail.letters import CODE, LIFETIME, NOW, postman_at, state_of, use, waiting
from tests.smtp import MailServer


def test_several_mails_travel_over_one_connection(to_server: MailServer) -> None:
    for number in range(5):
        waiting(f"reader{number}@example.org")

    assert postman_at().look() == 5

    assert [mail.recipients for mail in to_server.arrived] == [[f"reader{n}@example.org"] for n in range(5)]
    assert to_server.connections == 1


def test_a_server_that_takes_two_a_connection_gets_all(to_server: MailServer) -> None:
    to_server.hangs_up_after = 2
    for number in range(5):
        waiting(f"reader{number}@example.org")

    postman_at().look()

    assert {mail.message["To"] for mail in to_server.arrived} == {f"reader{n}@example.org" for n in range(5)}


def test_a_server_that_is_down_gets_it_when_it_is_up(to_server: MailServer) -> None:
    mail = waiting()
    to_server.stop()

    assert postman_at().look() == 0
    assert state_of(mail) == ("waiting", CODE)
    assert postman_at().look() == 0  # not at once
    assert (state_of(mail)[0], mail.tries) == ("waiting", 1)
    to_server.start()
    assert postman_at(pause(1)).look() == 1

    assert state_of(mail) == ("sent", {})


def test_what_no_server_takes_in_its_time_is_given_up(to_server: MailServer) -> None:
    mail = waiting()
    to_server.stop()
    seconds = 0
    while seconds < 600:
        postman_at(timedelta(seconds=seconds)).look()
        seconds += 2
    assert state_of(mail) == ("waiting", CODE)
    assert 10 < mail.tries < 20  # with growing pauses

    postman_at(LIFETIME).look()

    assert state_of(mail) == ("failed", {})


def test_a_server_that_hangs_is_left_after_its_time(
    db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail, other = waiting(), waiting()
    with smtp.silent_server() as port:
        use(settings, monkeypatch, port)
        settings.EMAIL_TIMEOUT = 0.2
        began = time.monotonic()

        assert postman_at().look() == 0

    assert time.monotonic() - began < 2
    assert (state_of(mail)[0], state_of(other)[0]) == ("waiting", "waiting")
    assert sorted([mail.tries, other.tries]) == [0, 1]  # one finds out for all


@pytest.mark.parametrize("said", ["550 5.1.1 No such user", "553 Not allowed"])
def test_a_recipient_refused_for_good_fails_at_once(to_server: MailServer, said: str) -> None:
    to_server.answer = lambda to: said if to.startswith("nobody") else smtp.OK
    mail, other = waiting("nobody@example.org"), waiting()

    assert postman_at().look() == 1

    assert state_of(mail) == ("failed", {})
    assert state_of(other)[0] == "sent"
    postman_at(LIFETIME / 2).look()
    assert to_server.tried.count("nobody@example.org") == 1


def test_a_mail_refused_for_good_fails_at_once(to_server: MailServer) -> None:
    to_server.to_data = "554 5.7.1 Looks like spam"
    mail = waiting()

    postman_at().look()

    assert state_of(mail) == ("failed", {})


@pytest.mark.parametrize("said", ["450 4.2.0 Greylisted", "421 4.7.0 Too many", "451 Later"])
def test_what_may_pass_is_tried_again(to_server: MailServer, said: str) -> None:
    to_server.answer = lambda to: said if to.startswith("grey") else smtp.OK
    mail, other = waiting("grey@example.org"), waiting()

    postman_at().look()
    postman_at().look()
    assert state_of(mail) == ("waiting", CODE)
    assert state_of(other)[0] == "sent"  # is held up by nobody

    to_server.answer = lambda to: smtp.OK
    assert postman_at(pause(1)).look() == 1
    assert state_of(mail)[0] == "sent"


def test_a_log_names_nobody(to_server: MailServer, caplog: pytest.LogCaptureFixture) -> None:
    to_server.answer = lambda to: f"550 No such user {to}"
    waiting("secret@example.org")

    postman_at().look()

    said = [record.getMessage() for record in caplog.records if record.name.startswith("comments")]
    assert "550" in "".join(said)
    assert "secret" not in "".join(said)


@pytest.mark.parametrize("to", ["secret@example.org\nBcc: bob@example.org", "secret@"])
def test_nor_of_an_address_that_is_none(
    to_server: MailServer, to: str, caplog: pytest.LogCaptureFixture
) -> None:
    mail = waiting(to)

    postman_at().look()

    assert state_of(mail)[0] == "failed"
    assert str(mail.pk) in caplog.text
    assert "secret" not in caplog.text  # with what a traceback says


def test_a_mail_that_is_given_up_is_not_sent(to_server: MailServer) -> None:
    mail = waiting()

    give_up([mail.pk])

    assert postman_at().look() == 0
    assert state_of(mail) == ("failed", {})


def test_old_mail_is_forgotten(db: None) -> None:
    waiting(now=NOW - KEEP - LIFETIME - timedelta(seconds=1))
    young = waiting(now=NOW - KEEP)

    assert forget_old_mail(NOW) == 1
    assert list(Mail.objects.all()) == [young]


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of localhost, by itself, with its key; trusted by nobody."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path / "localhost.pem"
    path.write_bytes(private + made.public_bytes(pem))
    return path


@pytest.mark.one_database
@pytest.mark.parametrize("is_trusted", [True, False])
def test_starttls_is_for_a_server_whose_certificate_is_trusted(
    db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch, certificate: Path, is_trusted: bool
) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    mail = waiting()
    with smtp.mail_server(tls) as server:
        use(settings, monkeypatch, server.port)
        settings.EMAIL_HOST, settings.EMAIL_USE_TLS = "localhost", True
        postman_at().look()

    assert len(server.arrived) == is_trusted
    assert state_of(mail)[0] == ("sent" if is_trusted else "waiting")
