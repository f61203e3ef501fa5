"""Signing in by a code from an e-mail: who has the address, and nobody learns who else has."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from pytest_django import Settings

from comments.identity.members import add_identity, member_by_email
from comments.identity.models import Author, Identity, Session
from comments.mail.models import Mail
from comments.mail.server import DEVELOPMENT
from comments.models import EmailCode, SiteSignIn
from comments.signin import codes
from comments.signin.codes import Asked
from comments.sites.models import Site
from tests.cast import API, Person
from tests.integration.codes.readers import OWN_PAGE, REFERER, ask, mail_of, sent, state, typed, wrong


def test_a_reader_signs_in_by_the_code(reader: Person) -> None:
    code_id, code = sent(reader, "Ann@Example.org", name="Ann")

    answer = typed(reader, code_id, code)

    assert answer.status == 200
    author = answer.data["author"]
    assert (author["name"], author["email"], author["provider"]) == ("Ann", "ann@example.org", "")
    assert answer.data["ticket"]
    assert answer.headers["Cache-Control"] == "no-store"
    cookie = reader.client.cookies["__Host-kibitz-blog"]
    assert (cookie["secure"], cookie["httponly"], cookie["partitioned"]) == (True, True, True)
    shown = reader.send("GET", f"{API}sites/blog/session/", headers=OWN_PAGE)
    assert shown.data["author"]["key"] == author["key"]


def test_what_is_answered_and_what_the_mail_says(reader: Person) -> None:
    answer = ask(reader, name="Buy pills", lang="de-AT", headers={"Referer": REFERER})

    assert set(answer.data) == {"id", "expires_seconds", "resend_seconds"}
    assert (answer.data["expires_seconds"], answer.data["resend_seconds"]) == (600, 30)
    assert answer.headers["Cache-Control"] == "no-store"
    mail = mail_of(answer.data["id"])
    assert (mail.to, mail.template, mail.language) == ("ann@example.org", "code", "de")
    assert mail.context["where"] == "The blog (blog.example.org)"
    assert "pills" not in str(mail.context)  # or we would write to everybody what anybody likes
    row = EmailCode.objects.get()
    assert mail.context["code"] not in row.digest + str(row.pk)
    assert len(row.digest) == 64


def test_the_same_address_is_the_same_author_and_a_guest_is_joined(reader: Person, site: Site) -> None:
    guest = Person("gus", reader.page)
    guest.posted("As a guest.")
    code_id, code = sent(guest, "gus@example.org", name="")
    first = typed(guest, code_id, code)
    author = Author.objects.get(name="gus")

    assert first.data["author"]["key"] == author.public_key
    code_id, code = sent(reader, "GUS@example.org", name="Somebody")
    again = typed(reader, code_id, code)

    assert again.data["author"]["key"] == author.public_key
    assert again.data["author"]["name"] == "gus"


def test_a_session_that_was_planted_before_ends(reader: Person, site: Site) -> None:
    for email in ("mallory@example.org", "ann@example.org"):
        answer = typed(reader, *sent(reader, email))
        assert answer.status == 200

    assert Session.objects.get().author.email == "ann@example.org"


def test_nobody_learns_who_has_written_here(
    reader: Person, site: Site, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    member_by_email(site, "member@example.org", name="Member")
    banned, _ = member_by_email(site, "banned@example.org", name="Banned")
    Author.objects.filter(pk=banned.pk).update(banned_at=timezone.now())
    asked_for: dict[str, Any] = {}

    for who in ("member", "banned", "stranger"):
        with django_assert_max_num_queries(50) as queries:
            answer = ask(reader, f"{who}@example.org")
        statements = [query["sql"].partition(" ")[0] for query in queries.captured_queries]
        assert not any("comments_author" in query["sql"] for query in queries.captured_queries)
        wrong_one = typed(reader, answer.data["id"], wrong(str(mail_of(answer.data["id"]).context["code"])))
        said = answer.data | {"id": ""}
        asked_for[who] = (answer.status, said, statements, wrong_one.status, wrong_one.data)

    assert asked_for["member"] == asked_for["banned"] == asked_for["stranger"]


def test_who_is_banned_signs_in_and_still_cannot_write(reader: Person, site: Site) -> None:
    banned, _ = member_by_email(site, "ann@example.org", name="Ann")
    Author.objects.filter(pk=banned.pk).update(banned_at=timezone.now())
    typed(reader, *sent(reader))

    answer = reader.send("POST", reader.page.path + "posts/", reader.page.comment(), OWN_PAGE)

    assert answer.code == "banned"


@pytest.mark.parametrize(("age", "mail", "shown"), [
    (0, "waiting", "waiting"),
    (14, "waiting", "waiting"),
    (16, "waiting", "failed"),
    (0, "sent", "sent"),
    (0, "failed", "failed"),
])  # fmt: skip
def test_the_reader_is_told_of_the_mail(reader: Person, age: int, mail: str, shown: str) -> None:
    code_id, _ = sent(reader)
    Mail.objects.update(state=mail, created=timezone.now() - timedelta(seconds=age))

    answer = state(reader, code_id)

    assert (answer.status, answer.data) == (200, {"state": shown})
    assert answer.headers["Cache-Control"] == "no-store"


def test_who_has_not_the_id_learns_nothing(reader: Person) -> None:
    sent(reader)

    assert state(reader, str(uuid4())).code == "not_found"
    assert state(reader, "1").status == 404


def test_a_site_that_has_codes_switched_off(reader: Person, site: Site) -> None:
    code_id, code = sent(reader)
    SiteSignIn.objects.create(site=site, has_codes=False)

    assert (ask(reader, "bob@example.org").status, ask(reader, "bob@example.org").code) == (403, "way_off")
    assert typed(reader, code_id, code).code == "way_off"


@pytest.mark.parametrize(
    ("public", "offers"),
    [
        ("", True),
        ("http://127.0.0.1:8000", True),
        ("http://[::1]:8000", True),
        ("http://kibitz.localhost", True),
        ("https://comments.example.org", False),
        ("http://192.0.2.7:8000", False),
    ],
)
def test_codes_are_offered_where_mail_reaches_people(
    reader: Person, settings: Settings, public: str, offers: bool
) -> None:
    settings.EMAIL_BACKEND, settings.PUBLIC_URL = DEVELOPMENT, public

    ways = reader.send("GET", f"{API}sites/blog/session/").data["ways"]
    asked = ask(reader, "ann@example.org")

    assert (ways["codes"], asked.status) == (offers, 202 if offers else 403)
    assert offers or asked.code == "mail_off"
    assert Mail.objects.exists() == offers


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"X-Kibitz": "0"},
    ],
)
def test_another_page_has_nothing_sent_and_signs_nobody_in(reader: Person, headers: dict[str, str]) -> None:
    code_id, code = sent(reader)
    path = f"{API}sites/blog/codes/"

    assert ask(reader, "bob@example.org", headers=headers).status == 403
    answer = reader.send("POST", f"{path}{code_id}/", {"code": code}, OWN_PAGE | headers)
    assert answer.status == 403
    assert EmailCode.objects.get().tries == 0


def test_an_unknown_site_and_unknown_fields(reader: Person) -> None:
    assert (
        reader.send("POST", f"{API}sites/none/codes/", {"email": "a@b.org"}, OWN_PAGE).code == "unknown_site"
    )
    assert ask(reader, identity={"provider": "google", "subject": "1"}).code == "unknown_field"


class FakeRequest:
    META = {"REMOTE_ADDR": "192.0.2.1"}


def joining(site: Site, email: str) -> tuple[str, str]:
    row = codes.send_code(
        FakeRequest(),  # type: ignore[arg-type]
        site,
        Asked(email, identity={"provider": "other", "subject": "17"}),
        now=timezone.now(),
    )
    return str(row.pk), str(mail_of(str(row.pk)).context["code"])


def test_a_way_in_joins_when_the_code_proves_its_address(reader: Person, site: Site) -> None:
    ann, _ = member_by_email(site, "ann@example.org", name="Ann")
    SiteSignIn.objects.create(site=site, has_codes=False)  # it is another way's proof

    answer = typed(reader, *joining(site, "ann@example.org"))

    assert answer.data["author"]["key"] == ann.public_key
    assert Identity.objects.get().author == ann


def test_a_way_in_that_is_somebodys_meanwhile_stays_theirs(reader: Person, site: Site) -> None:
    ann, _ = member_by_email(site, "ann@example.org", name="Ann")
    bob, _ = member_by_email(site, "bob@example.org", name="Bob")
    asked_for = joining(site, "ann@example.org")
    add_identity(bob, "other", "17")

    answer = typed(reader, *asked_for)

    assert answer.data["author"]["key"] == ann.public_key
    assert Identity.objects.get().author == bob
