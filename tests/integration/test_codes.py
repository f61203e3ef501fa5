"""Signing in by a code from an e-mail: who has the address, once, and nobody by guessing."""

import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.db import connections
from django.utils import timezone

from comments.identity.members import add_identity, member_by_email, normal_email
from comments.identity.models import Author, Identity, Session
from comments.mail.models import Mail
from comments.models import EmailCode, SiteSignIn
from comments.signin import codes, ways
from comments.signin.codes import Asked, is_address
from comments.sites.models import Site
from comments.sites.services import create_site
from tests.cast import API, ORIGIN, Answer, Page, Person, page_of

OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}
REFERER = f"https://comments.example.org/embed/blog/?url={ORIGIN}/first/"


@pytest.fixture(autouse=True)
def _forget_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    ways._remembered.clear()
    monkeypatch.setattr(ways, "REMEMBER_SECONDS", 0.0)


@pytest.fixture
def reader(page: Page) -> Person:
    return Person("reader", page)


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


@pytest.mark.parametrize(
    ("referer", "host"),
    [
        ("https://comments.example.org/embed/blog/?url=https://two.example/a/", "two.example"),
        ("https://comments.example.org/embed/blog/?url=https://evil.example/", "blog.example.org"),
        ("https://comments.example.org/embed/blog/?" + "&url=x" * 50, "blog.example.org"),
        ("http://[", "blog.example.org"),
        ("", "blog.example.org"),
    ],
)
def test_the_mail_names_a_page_of_the_site_and_no_other(
    reader: Person, site: Site, referer: str, host: str
) -> None:
    Site.objects.update(origins=[ORIGIN, "https://two.example"])

    answer = ask(reader, headers={"Referer": referer})

    assert mail_of(answer.data["id"]).context["where"] == f"The blog ({host})"


def test_a_site_without_name_and_origins_is_named_by_its_key(reader: Person, site: Site) -> None:
    Site.objects.update(name="", origins=[])

    code_id, _ = sent(reader)

    assert mail_of(code_id).context["where"] == "blog"


@pytest.mark.parametrize(
    "lang", ["", "en", "pt-BR", "xx", "../../etc", "JA", "ar-EG", "\u0130", "zh-Hant-TW"]
)
def test_every_language_that_is_asked_for_is_one_that_there_is(reader: Person, lang: str) -> None:
    code_id, _ = sent(reader, lang=lang)

    assert mail_of(code_id).language in {"en", "ja", "ar"}


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


@pytest.mark.parametrize(
    "code",
    ["", "12345", "1234567", "12345a", "½23456", "²23456", "12345\u200b6", "1e5", "-12345", "\x00" * 6],
)
def test_what_is_no_code_is_said_and_counts_as_no_try(reader: Person, code: str) -> None:
    code_id, _ = sent(reader)

    answer = typed(reader, code_id, code)

    assert (answer.status, list(answer.data["fields"])) == (400, ["code"])
    assert EmailCode.objects.get().tries == 0


@pytest.mark.parametrize("code", [123456, None, ["1", "2"], {"$gt": ""}, True])
def test_a_code_is_a_text(reader: Person, code: object) -> None:
    code_id, _ = sent(reader)

    assert typed(reader, code_id, code).status == 400


@pytest.mark.parametrize(
    "digits", ["٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９", "۰۱۲۳۴۵۶۷۸۹"], ids=["arabic", "full width", "persian"]
)
def test_a_keyboard_in_another_script_types_the_same_code(reader: Person, digits: str) -> None:
    code_id, code = sent(reader)
    typed_so = "".join(digits[int(digit)] for digit in code)

    assert typed(reader, code_id, f" {typed_so[:3]} {typed_so[3:]} ").status == 200


def test_a_code_is_dead_after_five_wrong_ones_even_for_the_right_one(reader: Person) -> None:
    code_id, code = sent(reader)

    said = [typed(reader, code_id, wrong(code)).code for _ in range(5)]

    assert said == ["wrong_code"] * 4 + ["code_expired"]
    assert typed(reader, code_id, code).code == "code_expired"
    assert not Session.objects.exists()


def test_the_fifth_try_may_be_the_right_one(reader: Person) -> None:
    code_id, code = sent(reader)
    for _ in range(4):
        typed(reader, code_id, wrong(code))

    assert typed(reader, code_id, code).status == 200


def test_a_code_opens_once(reader: Person) -> None:
    code_id, code = sent(reader)
    assert typed(reader, code_id, code).status == 200
    mallory = Person("mallory", reader.page)

    answer = typed(mallory, code_id, code)

    assert (answer.status, answer.code) == (403, "code_expired")
    assert Session.objects.count() == 1


def test_a_code_is_good_for_ten_minutes(reader: Person) -> None:
    code_id, code = sent(reader)
    make_older(601)

    assert typed(reader, code_id, code).code == "code_expired"
    make_older(-2)
    assert typed(reader, code_id, code).status == 200


def test_a_new_code_ends_the_one_before(reader: Person) -> None:
    first_id, first = sent(reader)
    make_older(31)
    second_id, second = sent(reader)

    assert mail_of(first_id).state == Mail.State.FAILED  # it has not left and need not
    assert mail_of(first_id).context == {}
    assert typed(reader, first_id, first).code == "code_expired"
    assert typed(reader, second_id, second).status == 200


def test_a_code_of_another_address_ends_nothing(reader: Person) -> None:
    first_id, first = sent(reader)
    sent(reader, "bob@example.org")

    assert typed(reader, first_id, first).status == 200


def test_a_code_is_of_one_site(reader: Person) -> None:
    other = create_site("other", origins=[ORIGIN], is_unlimited=True)
    code_id, code = sent(reader)
    there_id, there = sent(Person("reader", page_of(other)))  # is another code, and ends nothing here

    assert typed(reader, code_id, code, site="other").code == "not_found"
    assert typed(reader, there_id, there).code == "not_found"
    assert typed(reader, code_id, code).status == 200


def test_a_code_is_good_with_its_own_id_alone(reader: Person) -> None:
    _, code = sent(reader)
    bobs_id, bobs = sent(reader, "bob@example.org")

    assert typed(reader, str(uuid4()), code).code == "not_found"
    if code != bobs:
        assert typed(reader, bobs_id, code).code == "wrong_code"


def test_again_after_half_a_minute(reader: Person) -> None:
    sent(reader)

    answer = ask(reader)

    assert (answer.status, answer.code) == (429, "throttled")
    assert 25 <= int(answer.headers["Retry-After"]) <= 30
    make_older(30)
    sent(reader)


def move(person: Person, number: int) -> None:
    person.client.defaults["REMOTE_ADDR"] = f"192.0.2.{number}"


def test_one_mailbox_gets_five_an_hour_from_all_addresses_and_sites(reader: Person) -> None:
    people = [reader, Person("x", page_of(create_site("other", origins=[ORIGIN], is_unlimited=True)))]
    addresses = ["ann@example.org", "ANN@example.org", "ann+1@example.org", "ann+2@EXAMPLE.org"]
    for number in range(5):
        move(people[number % 2], number)
        sent(people[number % 2], addresses[number % 4])
        make_older(31)

    move(reader, 99)
    answer = ask(reader, "ann+3@example.org")

    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) > 60
    assert Mail.objects.count() == 5
    sent(reader, "bob@example.org")


def test_one_address_asks_for_five_a_minute(reader: Person) -> None:
    for number in range(5):
        sent(reader, f"reader{number}@example.org")

    assert ask(reader, "reader5@example.org").status == 429
    move(reader, 1)
    sent(reader, "reader5@example.org")


def test_a_site_sends_sixty_a_minute(limited_site: Site) -> None:
    reader = Person("reader", page_of(limited_site))
    for number in range(60):
        move(reader, number)
        sent(reader, f"reader{number}@example.org")

    move(reader, 99)
    assert ask(reader, "more@example.org").status == 429


def test_guesses_over_many_codes_are_ten_an_hour(reader: Person) -> None:
    outcomes = []
    for number in range(3):
        move(reader, number)
        code_id, code = sent(reader)
        outcomes += [typed(reader, code_id, wrong(code)).status for _ in range(4)]
        make_older(31)

    assert outcomes == [403] * 10 + [429] * 2
    move(reader, 50)
    code_id, code = sent(reader)
    assert typed(reader, code_id, code).status == 429  # not even by luck
    assert EmailCode.objects.get(pk=code_id).tries == 0


def test_who_signs_in_begins_from_nothing_again(reader: Person, redis_client: redis.Redis) -> None:
    for number in range(4):
        move(reader, number)
        code_id, code = sent(reader)
        for _ in range(4):
            assert typed(reader, code_id, wrong(code)).code == "wrong_code"
        assert typed(reader, code_id, code).status == 200
        make_older(31)


def test_limits_hold_without_redis(reader: Person, no_redis: None) -> None:
    code_id, code = sent(reader)
    assert typed(reader, code_id, wrong(code)).code == "wrong_code"
    assert typed(reader, code_id, code).status == 200
    for number in range(4):
        sent(reader, f"reader{number}@example.org")

    assert ask(reader, "more@example.org").status == 429


def test_many_guesses_at_once_are_five(shared_database: None, redis_client: redis.Redis) -> None:
    page = page_of(create_site("blog", origins=[ORIGIN], is_unlimited=True))
    code_id, code = sent(Person("ann", page))
    said: list[str] = []

    def guess(number: int) -> None:
        reader = Person("mallory", page)
        move(reader, number)
        try:
            said.append(typed(reader, code_id, wrong(code)).code)
        finally:
            connections.close_all()

    at_once([threading.Thread(target=guess, args=[number]) for number in range(8)])

    assert EmailCode.objects.get(pk=code_id).tries == 5
    assert set(said) <= {"wrong_code", "code_expired"}
    assert len(said) == 8


def test_the_right_code_at_once_opens_once(shared_database: None) -> None:
    page = page_of(create_site("blog", origins=[ORIGIN], is_unlimited=True))
    code_id, code = sent(Person("ann", page))
    said: list[int] = []

    def open_it(number: int) -> None:
        try:
            said.append(typed(Person("ann", page), code_id, code).status)
        finally:
            connections.close_all()

    at_once([threading.Thread(target=open_it, args=[number]) for number in range(4)])

    assert sorted(said) == [200, 403, 403, 403]
    assert Author.objects.filter(is_member=True).count() == Session.objects.count() == 1


def at_once(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)


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


BAD_ADDRESSES = [
    *("", "ann", "ann@", "@example.org", "ann@localhost", "ann@[127.0.0.1]", "ann@127.0.0.1", "root@-.org"),
    *(
        "ann@example.org\nBcc: bob@example.org",
        "ann@exa\nmple.org",
        "ann\r\n@example.org",
        "ann@example..org",
    ),
    *('"ann"@example.org', '"a\\\x01"@example.org', "ann@example.org, bob@example.org", "a b@example.org"),
    *("änn@example.org", "\u212aate@example.org", "ann\u0131@example.org", ".ann@example.org"),
    *("ann@" + "a" * 64 + ".org", "a" * 65 + "@example.org", "ann@" + "a." * 200 + "org", "\x00@example.org"),
    *("<script>@example.org", "ann@exa\u2028mple.org", "ann@\u200bexample.org;", "ann@example.org."),
]


@pytest.mark.parametrize("email", [*BAD_ADDRESSES, 7, None, ["ann@example.org"], {"a": 1}, "a" * 5_000])
def test_what_is_no_address_is_said(reader: Person, email: object) -> None:
    answer = ask(reader, email)

    assert (answer.status, list(answer.data["fields"])) == (400, ["email"])


@pytest.mark.parametrize("email", ["a" * 64 + "@" + ".".join(["b" * 62] * 2 + ["c" * 59, "org"])])
def test_the_longest_address(reader: Person, email: str) -> None:
    assert len(email) == 254

    assert typed(reader, *sent(reader, email)).status == 200
    assert ask(reader, "x" + email).status == 400


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("ann@Bücher.example", "ann@xn--bcher-kva.example"),
        ("ANN@xn--BCHER-kva.example", "ann@xn--bcher-kva.example"),
        ("ann@ｅｘａｍｐｌｅ.org", "ann@example.org"),
        ("ann@exa\u212aple.org", "ann@exakple.org"),
        ("\u212aate@example.org", "\u212aate@example.org"),  # is not kate
        ("ann", "ann"),
        ("", ""),
    ],
)
@pytest.mark.one_database
def test_an_address_is_written_in_one_way(written: str, kept: str) -> None:
    assert normal_email(written) == kept


def test_a_domain_that_looks_like_another_is_somebody_else(reader: Person, site: Site) -> None:
    ann, _ = member_by_email(site, "ann@example.org", name="Ann")
    code_id, code = sent(reader, "ann@ex\u0430mple.org")  # a Cyrillic a

    answer = typed(reader, code_id, code)

    assert mail_of(code_id).to == "ann@xn--exmple-4nf.org"
    assert answer.data["author"]["key"] != ann.public_key


@pytest.mark.one_database
def test_addresses_that_are_none_are_none() -> None:
    assert [email for email in BAD_ADDRESSES if is_address(normal_email(email))] == []
    assert is_address("o'neil+blog@mail.example.co.uk")
    assert is_address("ann@xn--bcher-kva.xn--p1ai")


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


def test_what_goes_wrong_at_the_last_step_leaves_the_code_good(
    reader: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    code_id, code = sent(reader)
    answer = reader.send(
        "POST", f"{API}sites/blog/codes/{code_id}/", {"code": code}, OWN_PAGE | {"X-Kibitz-Author": "x" * 12}
    )

    assert answer.code == "signed_out"
    assert typed(reader, code_id, code).status == 200
