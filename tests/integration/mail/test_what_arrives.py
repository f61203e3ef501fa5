"""What a mail says, in every language, whatever a site is called."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.mail import get_connection
from pytest_django import Settings

from comments.mail import development
from comments.mail.message import TEXTS, compose, texts
from comments.mail.models import Mail
from comments.mail.server import mail_settings
from comments.mail.services import enqueue
from comments.sites.texts import LANGUAGES, catalogue
from tests.integration.mail.letters import CODE, LIFETIME, NOW, postman_at, state_of, waiting
from tests.smtp import MailServer


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
@pytest.mark.parametrize("template", ["code", "code_to_add"])
def test_every_language(template: str, language: str) -> None:
    mail = Mail(to="ann@example.org", template=template, language=language, context=CODE)

    message = compose(mail)

    text, html = str(message.body), str(message.alternatives[0][0])
    words = texts(language)[template]
    assert words.keys() == texts("en")[template].keys()
    assert text.index("123456") > 90  # beyond what a locked screen shows
    assert "123456" not in str(message.subject)
    assert "{" not in text + html.partition("<body")[2]
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in html
    assert {path.stem for path in TEXTS.iterdir()} == set(LANGUAGES)


@pytest.mark.one_database
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", ["way_added", "way_removed", "email_changed"])
def test_a_member_hears_of_their_ways_in_every_language(template: str, language: str) -> None:
    context = {"site": "The blog", "where": "The blog (blog.example.org)", "way": "Google"}

    message = compose(Mail(to="ann@example.org", template=template, language=language, context=context))

    text, html = str(message.body), str(message.alternatives[0][0])
    words = texts(language)[template]
    assert words.keys() == texts("en")[template].keys()
    named = "The blog" if template == "email_changed" else "Google"
    assert all(named in each for each in (str(message.subject), text, html))
    # What to do then, in the words of the dialog.
    assert str(catalogue(language)["write"]["waysTitle"]) in text
    assert "{" not in text + html.partition("<body")[2]


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
