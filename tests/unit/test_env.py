"""What the environment says, and that a mistake in it is named."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.checks import WARNING, CheckMessage
from django.test import override_settings

from comments import env
from comments.checks import environment_is_sound
from comments.mail.server import DEVELOPMENT, mail_settings


@pytest.mark.parametrize(("raw", "value"), [("", "x"), ("   ", "x"), ("a", "a"), (" a ", "a")])
def test_an_empty_variable_is_an_unset_one(raw: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIBITZ_THING", raw)

    assert env.env_str("KIBITZ_THING", "x") == value


@pytest.mark.parametrize(("raw", "value"), [("", 5), ("7", 7), (" 7 ", 7), ("1", 1)])
def test_a_whole_number(raw: str, value: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIBITZ_THING", raw)

    assert env.env_int("KIBITZ_THING", 5, minimum=1) == value


@pytest.mark.parametrize("raw", ["0", "-1", "1.5", "x", "1e3", "٣", "²", "0x10"])
def test_what_is_no_such_number_is_named(raw: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIBITZ_THING", raw)

    with pytest.raises(ValueError, match=r"KIBITZ_THING must be a whole number of at least 1"):
        env.env_int("KIBITZ_THING", 5, minimum=1)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("", True),
        ("1", True),
        ("true", True),
        ("YES", True),
        ("on", True),
        ("0", False),
        ("No", False),
        ("off", False),
    ],
)
def test_a_switch(raw: str, value: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIBITZ_THING", raw)

    assert env.env_bool("KIBITZ_THING", default=True) is value


def test_what_is_no_switch_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIBITZ_THING", "perhaps")

    with pytest.raises(ValueError, match="KIBITZ_THING"):
        env.env_bool("KIBITZ_THING", default=True)


@pytest.mark.parametrize(
    ("raw", "value"), [("", []), (" , ,", []), ("a", ["a"]), (" a , b,,c ", ["a", "b", "c"])]
)
def test_a_list(raw: str, value: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIBITZ_THING", raw)

    assert env.env_list("KIBITZ_THING") == value


def test_the_secret_key_is_made_once_and_kept_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KIBITZ_SECRET_KEY")
    monkeypatch.setenv("KIBITZ_STATE_DIR", str(tmp_path / "new"))

    first, second = env.secret_key(), env.secret_key()

    assert first == second
    assert len(first) >= 50
    assert stat.S_IMODE((tmp_path / "new" / "secret_key").stat().st_mode) == 0o600


def test_a_given_secret_key_is_taken_and_none_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIBITZ_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("KIBITZ_SECRET_KEY", "given")

    assert env.secret_key() == "given"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "raw", "check_id"),
    [
        ("KIBITZ_FORMATTERS", "0", "kibitz.E001"),
        ("KIBITZ_FORMATTERS", "two", "kibitz.E001"),
        ("KIBITZ_MAX_SOCKETS_PER_ADDRESS", "-1", "kibitz.E001"),
        ("KIBITZ_MAX_CONNECTIONS", "many", "kibitz.E001"),
        ("KIBITZ_QUEUE_MAX_MB", "1.5", "kibitz.E001"),
        ("KIBITZ_BEHIND_PROXY", "maybe", "kibitz.E001"),
        ("KIBITZ_DATABASE_POOL", "20", "kibitz.E001"),
    ],
)
def test_a_wrong_number_is_said_at_the_start(
    name: str, raw: str, check_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, raw)

    (problem,) = sound()

    assert problem.id == check_id
    assert name in problem.msg


@pytest.mark.parametrize(
    "url", ["comments.example.org", "ftp://comments.example.org", "https://x.example/path"]
)
def test_a_public_address_that_is_none_is_said_at_the_start(url: str) -> None:
    with override_settings(PUBLIC_URL=url):
        (problem,) = sound()

    assert problem.id == "kibitz.E002"


@pytest.mark.parametrize(
    "url",
    [
        *("mail.example.org", "smtp://", "http://mail.example.org", "smtp://mail.example.org:many"),
        *("smtp://mail.example.org:70000", "smtp://mail.example.org/path", "smtps://mail.example.org?ssl=1"),
        *("console://", "file:///tmp", "smtp://[::1", "smtp://mail.example.org:0"),
    ],
)
def test_a_mail_server_that_is_none_is_said_at_the_start_without_its_password(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIBITZ_SMTP_URL", url.replace("://", "://ann:hunter2@"))
    monkeypatch.setenv("KIBITZ_MAIL_FROM", "comments@example.org")

    (problem,) = sound()

    assert problem.id == "kibitz.E004"
    assert "KIBITZ_SMTP_URL" in problem.msg
    assert "hunter2" not in str(problem)


def test_a_public_address_without_a_mail_server_is_said_at_the_start() -> None:
    with override_settings(PUBLIC_URL="https://comments.example.org", EMAIL_BACKEND=DEVELOPMENT):
        (problem,) = sound()

    assert (problem.id, problem.level) == ("kibitz.W001", WARNING)
    assert "KIBITZ_SMTP_URL" in str(problem.hint)


@pytest.mark.parametrize("sender", ["", "comments", "@example.org", "ann@example.org\nBcc: bob@example.org"])
def test_a_sender_that_is_none_is_said_at_the_start(sender: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIBITZ_SMTP_URL", "smtp://mail.example.org")
    monkeypatch.setenv("KIBITZ_MAIL_FROM", sender)

    (problem,) = sound()

    assert problem.id == "kibitz.E004"
    assert "KIBITZ_MAIL_FROM" in problem.msg


@pytest.mark.parametrize(
    ("url", "port", "is_starttls", "is_tls"),
    [
        ("smtp://mail.example.org", 25, False, False),
        ("smtp+tls://mail.example.org", 587, True, False),
        ("smtps://mail.example.org", 465, False, True),
        ("smtp+tls://mail.example.org:2525/", 2525, True, False),
    ],
)
def test_a_mail_server(
    url: str, port: int, is_starttls: bool, is_tls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIBITZ_SMTP_URL", url.replace("://", "://ann%40example.org:p%2Fw@"))
    monkeypatch.setenv("KIBITZ_MAIL_FROM", "The comments <comments@example.org>")

    found = mail_settings()

    assert sound() == []
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == ("mail.example.org", port)
    assert (found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (is_starttls, is_tls)
    assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == ("ann@example.org", "p/w")
    assert found["EMAIL_TIMEOUT"] == 10


def test_push_cells_that_cannot_be_read_are_said_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIBITZ_PUSH_CELLS", '{"main": {}}')

    (problem,) = sound()

    assert problem.id == "kibitz.E003"
    assert "KIBITZ_PUSH_CELLS" in problem.msg


def test_the_defaults_are_sound() -> None:
    assert sound() == []


def sound() -> list[CheckMessage]:
    check: Callable[[object], list[CheckMessage]] = environment_is_sound
    return check(None)
