"""Mail leaves in the background: once, whoever dies, hangs or refuses."""

import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.mail import get_connection
from django.utils import timezone
from pytest_django import Settings

from comments.mail import development, worker
from comments.mail.message import TEXTS, compose, texts
from comments.mail.models import Mail
from comments.mail.server import mail_settings
from comments.mail.services import KEEP, enqueue, forget_old_mail, give_up
from comments.mail.worker import Postman, pause, take
from comments.sites.texts import LANGUAGES
from tests import smtp
from tests.conftest import WaitUntil
from tests.smtp import MailServer

NOW = timezone.now()
CODE: Final[dict[str, str | int]] = {
    "code": "123456",
    "site": "The blog",
    "where": "The blog (blog.example.org)",
    "minutes": 10,
}
LIFETIME = timedelta(minutes=10)


@pytest.fixture
def server() -> Iterator[MailServer]:
    with smtp.mail_server() as found:
        yield found


def use(settings: Settings, monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    monkeypatch.setenv("KIBITZ_SMTP_URL", f"smtp://127.0.0.1:{port}")
    monkeypatch.setenv("KIBITZ_MAIL_FROM", "comments@kibitz.example")
    for name, value in mail_settings().items():
        setattr(settings, name, value)


@pytest.fixture
def to_server(
    db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch, server: MailServer
) -> MailServer:
    use(settings, monkeypatch, server.port)
    return server


def waiting(to: str = "ann@example.org", *, language: str = "en", now: datetime = NOW, **but: str) -> Mail:
    return enqueue(to, "code", language, CODE | but, now=now, lifetime=LIFETIME)


def postman_at(after: timedelta = timedelta()) -> Postman:
    return Postman(now=lambda: NOW + after)


def state_of(mail: Mail) -> tuple[str, dict[str, Any]]:
    mail.refresh_from_db()
    return mail.state, mail.context


def test_what_arrives(to_server: MailServer) -> None:
    mail = waiting()

    assert postman_at().look() == 1

    [arrived] = to_server.arrived
    message = arrived.message
    assert (arrived.sender, arrived.recipients) == ("comments@kibitz.example", ["ann@example.org"])
    assert (message["To"], message["From"]) == ("ann@example.org", "The blog <comments@kibitz.example>")
    assert message["Subject"] == "Your code for The blog"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == f"<{mail.pk}@kibitz.example>"
    assert message.get_content_type() == "multipart/alternative"
    for text in (arrived.part("plain"), arrived.part("html")):
        assert "123456" in text
        assert "The blog (blog.example.org)" in text
        assert "10 minutes" in text
        assert "If it was not you" in text
    assert state_of(mail) == ("sent", {})


def test_nothing_is_asked_of_anybody_when_a_mail_is_opened(to_server: MailServer) -> None:
    waiting()
    postman_at().look()

    html = to_server.arrived[0].part("html")

    assert not any(mark in html for mark in ("http:", "https:", "src=", "url(", "<script", "<link"))


@pytest.mark.one_database
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language(language: str) -> None:
    mail = Mail(to="ann@example.org", template="code", language=language, context=CODE)

    message = compose(mail)

    text, html = str(message.body), str(message.alternatives[0][0])
    words = texts(language)["code"]
    assert words.keys() == texts("en")["code"].keys()
    assert text.index("123456") > 90  # beyond what a locked screen shows
    assert "123456" not in str(message.subject)
    assert "{" not in text + html.partition("<body")[2]
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in html
    assert {path.stem for path in TEXTS.iterdir()} == set(LANGUAGES)


@pytest.mark.parametrize(
    "name",
    [
        "Blog\r\nBcc: everybody@example.org",
        "Blog\nBcc: everybody@example.org\n\nBuy pills.",
        "Blog\u2028Bcc: everybody@example.org\x85X: y\x0bZ",
        'Blog" <president@example.org>, "x',
        "=?utf-8?q?Blog=0ABcc=3A_a=40example=2Eorg?=",
        "Größte Zeitung der Welt, mit Kommentaren aus aller Welt " * 4,
        "مدونة \u202eevil",
        "<b>Blog</b> & {code} {where}",
        "",
    ],
)
@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_sites_name_writes_no_headers(to_server: MailServer, name: str, language: str) -> None:
    waiting(site=name, where=name, language=language)

    assert postman_at().look() == 1

    [arrived] = to_server.arrived
    message = arrived.message
    assert arrived.recipients == ["ann@example.org"]
    assert message["Bcc"] is message["X"] is None
    assert message["From"].addresses[0].addr_spec == "comments@kibitz.example"
    assert len(message["From"].addresses) == 1
    assert len(message["Subject"].strip()) <= 120
    assert not message.defects
    assert "<b>" not in arrived.part("html")
    assert arrived.part("plain").count("123456") == 1


@pytest.mark.parametrize("to", ["ann@example.org\nBcc: bob@example.org", "ann@example.org, bob@example.org"])
def test_an_address_that_is_two_lines_or_two_gets_nothing(to_server: MailServer, to: str) -> None:
    mail = waiting(to)

    assert postman_at().look() == 0

    assert to_server.arrived == []
    assert state_of(mail) == ("failed", {})


def test_a_template_that_there_is_not_fails_and_holds_nothing_up(to_server: MailServer) -> None:
    mail = enqueue("ann@example.org", "nothing", "en", {}, now=NOW, lifetime=LIFETIME)
    other = waiting()

    assert postman_at().look() == 1

    assert (state_of(mail)[0], state_of(other)[0]) == ("failed", "sent")


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


def test_what_a_dead_worker_took_is_sent_by_another(to_server: MailServer) -> None:
    mail = waiting()
    taken = take(NOW)  # and then it dies
    assert taken is not None

    assert postman_at().look() == 0
    assert postman_at(worker.LEASE).look() == 1
    worker.settle(taken, worker.Outcome.REFUSED, now=NOW)  # it was only slow

    assert state_of(mail)[0] == "sent"
    assert len(to_server.arrived) == 1


def test_two_workers_take_different_mails(db: None) -> None:
    mails = {waiting().pk, waiting().pk}

    taken = [take(NOW), take(NOW), take(NOW)]

    assert {mail.pk for mail in taken if mail} == mails
    assert taken[2] is None


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


def has_come(server: MailServer, count: int) -> bool:
    return len(server.arrived) == count


def test_a_worker_is_woken_by_the_mail(
    shared_database: None,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    server: MailServer,
    wait_until: WaitUntil,
) -> None:
    use(settings, monkeypatch, server.port)
    stopping = threading.Event()
    thread = threading.Thread(target=Postman().run, args=[stopping])
    thread.start()
    try:
        times = []
        for number in range(3):
            began = time.monotonic()
            waiting(now=timezone.now())
            wait_until(partial(has_come, server, number + 1), message="the mail")
            times.append(time.monotonic() - began)
    finally:
        stopping.set()
        thread.join(10)

    assert not thread.is_alive()
    assert min(times) < 0.5, times  # by itself it would look every two seconds


def test_a_sweeper_that_is_killed_loses_no_mail(
    shared_database: None,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    server: MailServer,
    sweep_process: Callable[[], "subprocess.Popen[bytes]"],
    wait_until: WaitUntil,
) -> None:
    use(settings, monkeypatch, server.port)
    server.hangs = True
    mail = waiting(now=timezone.now())
    first = sweep_process()
    wait_until(lambda: server.tried, seconds=20, message="the first sweeper's mail")

    first.kill()
    first.wait()
    assert (state_of(mail)[0], mail.tries) == ("waiting", 1)
    server.hangs = False
    Mail.objects.update(due=timezone.now())  # the lease is over
    second = sweep_process()

    wait_until(lambda: state_of(mail)[0] == "sent", seconds=20, message="the second sweeper's mail")
    assert len(server.arrived) == 1
    second.terminate()
    assert second.wait(10) == 0


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


def test_without_redis_a_worker_looks_by_itself(
    shared_database: None,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    server: MailServer,
    no_redis: None,
    wait_until: WaitUntil,
) -> None:
    use(settings, monkeypatch, server.port)
    stopping = threading.Event()
    thread = threading.Thread(target=Postman().run, args=[stopping])
    thread.start()
    try:
        waiting(now=timezone.now())
        wait_until(lambda: server.arrived, message="the mail")
    finally:
        stopping.set()
        thread.join(10)


def test_without_a_mail_server_it_is_printed_and_kept(
    db: None,
    settings: Settings,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.EMAIL_BACKEND = mail_settings()["EMAIL_BACKEND"]
    settings.STATE_DIR = tmp_path
    monkeypatch.setattr(development, "FILES_MAX", 3)
    for number in range(5):
        waiting(code=f"12345{number}", now=NOW + timedelta(milliseconds=number))

    assert postman_at(timedelta(seconds=1)).look() == 5

    said = capsys.readouterr().out
    assert "mail to ann@example.org: Your code for The blog" in said
    assert all(f"12345{number}" in said for number in range(5))
    kept = sorted((tmp_path / "mail").iterdir())
    assert [path.suffix for path in kept] == [".eml"] * 3
    assert kept[-1].stat().st_mode & 0o077 == 0
    assert b"ann@example.org" in kept[-1].read_bytes()
    assert isinstance(get_connection(), development.Backend)
