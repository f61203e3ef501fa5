"""What readers who sign in by a code do, and what the mail to them says."""

from datetime import timedelta
from typing import Any

from comments.mail.models import Mail
from comments.models import EmailCode
from tests.cast import API, ORIGIN, Answer, Person

OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}

REFERER = f"https://comments.example.org/embed/blog/?url={ORIGIN}/first/"


def ask(
    reader: Person,
    email: object = "ann@example.org",
    *,
    headers: dict[str, str] | None = None,
    **more: object,
) -> Answer:
    path = f"{API}sites/{reader.page.site}/codes/"
    return reader.send("POST", path, {"email": email, **more}, OWN_PAGE | (headers or {}))


def sent(reader: Person, email: str = "ann@example.org", **more: Any) -> tuple[str, str]:
    """Asks for what must be sent; the id and the code in the mail."""
    answer = ask(reader, email, **more)
    assert answer.status == 202, answer
    code = str(mail_of(answer.data["id"]).context["code"])
    return answer.data["id"], code


def mail_of(code_id: str) -> Mail:
    mail = EmailCode.objects.get(pk=code_id).mail
    assert mail is not None
    return mail


def typed(reader: Person, code_id: str, code: object, *, site: str = "") -> Answer:
    path = f"{API}sites/{site or reader.page.site}/codes/{code_id}/"
    return reader.send("POST", path, {"code": code}, OWN_PAGE)


def state(reader: Person, code_id: str) -> Answer:
    return reader.send("GET", f"{API}sites/{reader.page.site}/codes/{code_id}/", headers=OWN_PAGE)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def make_older(seconds: float) -> None:
    """What was asked for until now was asked for so much earlier."""
    by = timedelta(seconds=seconds)
    for row in EmailCode.objects.all():
        EmailCode.objects.filter(pk=row.pk).update(created=row.created - by, expires=row.expires - by)


def move(person: Person, number: int) -> None:
    person.client.defaults["REMOTE_ADDR"] = f"192.0.2.{number}"
