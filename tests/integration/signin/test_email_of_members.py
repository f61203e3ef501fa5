"""A member says which e-mail address is theirs, and proves it by a code that is good for nothing else."""

from contextlib import suppress
from typing import Any, Final

import pytest
from pytest_django import Settings

from comments.errors import WayTaken
from comments.identity.members import Profile, add_identity, member_by_email, member_by_profile, take_email
from comments.identity.models import Author, Session
from comments.mail.models import Mail
from comments.mail.server import DEVELOPMENT
from comments.signin.models import EmailCode, SiteSignIn
from comments.sites.models import Site
from comments.sites.services import create_site
from tests.cast import API, ORIGIN, Answer, Page, Person, page_of
from tests.integration.codes import readers
from tests.integration.codes.readers import mail_of, state, typed, wrong
from tests.integration.codes.test_addresses import BAD_ADDRESSES
from tests.integration.signin.member import OWN_PAGE, WAYS, Member, make_older
from tests.integration.test_concurrency import all_at_once

EMAIL: Final = f"{WAYS}email/"
NEW: Final = "bea@example.org"


def asks(member: Member, email: object = NEW, **headers: str) -> Answer:
    return member.asks("POST", EMAIL, {"email": email}, **headers)


def asked(member: Member, email: str = NEW) -> tuple[str, str]:
    """The id and the code of what must be sent."""
    answer = asks(member, email)
    assert answer.status == 202, answer
    return answer.data["id"], str(mail_of(answer.data["id"]).context["code"])


def proves(member: Member, code_id: str, code: object, **headers: str) -> Answer:
    return member.asks("POST", f"{EMAIL}{code_id}/", {"code": code}, **headers)


def email_of(member: Member) -> tuple[str, bool]:
    author = Author.objects.get(pk=member.author.pk)
    return author.email, author.is_email_verified


def test_a_member_adds_an_address_and_signs_in_by_it(bea: Member, page: Page) -> None:
    assert bea.ways()["is_email_changeable"] is True

    answer = proves(bea, *asked(bea, "Bea@Example.org"))

    assert (answer.status, answer.data["email"], len(answer.data["ways"])) == (200, NEW, 1)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ticket" not in answer.data
    assert "__Host-kibitz-blog" not in answer.headers.get("Set-Cookie", "")
    assert Session.objects.get() == bea.session
    assert list(Mail.objects.values_list("template", flat=True)) == ["code_to_add"]  # there was none to tell
    readers.make_older(31)
    reader = Person("reader", page)
    again = typed(reader, *readers.sent(reader, NEW))
    assert again.data["author"]["key"] == bea.author.public_key


def test_a_change_is_told_at_the_address_before(ann: Member, page: Page) -> None:
    other = Member(ann.author, page, "passkey")
    told = ann.asks("POST", EMAIL, {"email": "ann@new.example", "lang": "de-AT"})

    answer = proves(ann, told.data["id"], mail_of(told.data["id"]).context["code"])

    assert answer.data["email"] == "ann@new.example"
    code, changed = Mail.objects.order_by("created")
    assert (code.template, code.to, code.language) == ("code_to_add", "ann@new.example", "de")
    assert (changed.template, changed.to, changed.language) == ("email_changed", "ann@example.org", "de")
    assert "new.example" not in str(changed.context)
    assert set(Session.objects.all()) == {ann.session, other.session}
    assert member_by_email(ann.author.site, "ann@example.org")[1] is True  # it is nobody's now


def test_the_same_address_again_changes_nothing(ann: Member) -> None:
    assert proves(ann, *asked(ann, "ann@example.org")).data["email"] == "ann@example.org"

    assert not Mail.objects.filter(template="email_changed").exists()


def test_what_was_typed_and_not_proved_gives_way(bea: Member) -> None:
    Author.objects.filter(pk=bea.author.pk).update(email="typed@example.org")

    assert bea.ways()["email"] == ""
    assert proves(bea, *asked(bea)).data["email"] == NEW
    assert not Mail.objects.filter(template="email_changed").exists()


@pytest.mark.parametrize("before", ["", "before@example.org"])
def test_anothers_address_is_refused_after_its_proof_and_not_before(
    bea: Member, ann: Member, before: str
) -> None:
    Author.objects.filter(pk=bea.author.pk).update(email=before, is_email_verified=bool(before))
    code_id, code = asked(bea, "ann@example.org")
    assert proves(bea, code_id, wrong(code)).code == "wrong_code"

    answer = proves(bea, code_id, code)

    assert (answer.status, answer.code) == (409, "way_taken")
    assert (email_of(bea), email_of(ann)) == ((before, bool(before)), ("ann@example.org", True))
    assert proves(bea, code_id, code).code == "code_expired"
    assert not Mail.objects.filter(template="email_changed").exists()


def test_nobody_learns_whose_an_address_is(
    bea: Member, ann: Member, django_assert_max_num_queries: Any
) -> None:
    said = []
    for email in ("ann@example.org", "stranger@example.org", NEW):
        with django_assert_max_num_queries(60) as queries:
            answer = asks(bea, email)
        statements = [query["sql"] for query in queries.captured_queries]
        assert not any("comments_author" in each and email in each for each in statements)
        refused = proves(bea, answer.data["id"], wrong(str(mail_of(answer.data["id"]).context["code"])))
        kinds = [each.partition(" ")[0] for each in statements]
        said.append((answer.status, answer.data | {"id": ""}, kinds, refused.status, refused.data))

    assert said[0] == said[1] == said[2]


def test_another_sites_member_may_have_it(bea: Member) -> None:
    other = create_site("other", origins=[ORIGIN], is_unlimited=True)
    there, _ = member_by_email(other, NEW, name="Bea")

    assert proves(bea, *asked(bea)).status == 200
    assert set(Author.objects.filter(email=NEW)) == {bea.author, there}


def test_the_code_signs_nobody_in(bea: Member, page: Page) -> None:
    code_id, code = asked(bea)

    for person in (bea, Person("mallory", page)):
        answer = typed(person, code_id, code)
        assert (answer.status, answer.code) == (404, "not_found")

    assert EmailCode.objects.get().tries == 0
    assert Session.objects.get() == bea.session
    assert state(bea, code_id).data == {"state": "waiting"}
    assert proves(bea, code_id, code).status == 200


def test_a_code_to_sign_in_adds_no_address(bea: Member) -> None:
    code_id, code = readers.sent(bea, NEW)

    answer = proves(bea, code_id, code)

    assert (answer.status, answer.code) == (404, "not_found")
    assert (email_of(bea), EmailCode.objects.get().tries) == (("", False), 0)


def test_what_one_session_asked_for_no_other_proves(bea: Member, ann: Member, page: Page) -> None:
    code_id, code = asked(bea)

    for other in (ann, Member(bea.author, page)):
        assert proves(other, code_id, code).code == "not_found"

    assert (email_of(bea), EmailCode.objects.get().tries) == (("", False), 0)
    assert proves(bea, code_id, code).status == 200


def test_what_a_session_asked_for_ends_with_it(bea: Member, page: Page) -> None:
    code_id, code = asked(bea)
    bea.asks("DELETE", f"{API}sites/blog/session/")

    assert not EmailCode.objects.exists()
    assert proves(Member(bea.author, page), code_id, code).code == "not_found"


def test_it_is_of_one_site(bea: Member, page: Page) -> None:
    other = create_site("other", origins=[ORIGIN], is_unlimited=True)
    there = Member(member_by_profile(other, Profile("passkey", "bea's", "Bea"))[0], page)
    code_id, code = asked(bea)

    answer = there.asks("POST", f"{API}sites/other/session/ways/email/{code_id}/", {"code": code})

    assert (answer.status, answer.code) == (404, "not_found")


def test_wrong_ones_are_five_even_for_the_right_one(bea: Member) -> None:
    code_id, code = asked(bea)

    said = [proves(bea, code_id, wrong(code)).code for _ in range(5)]

    assert said == ["wrong_code"] * 4 + ["code_expired"]
    assert proves(bea, code_id, code).code == "code_expired"
    assert email_of(bea) == ("", False)


def test_a_code_is_good_once_and_for_ten_minutes(bea: Member) -> None:
    code_id, code = asked(bea)
    readers.make_older(601)
    assert proves(bea, code_id, code).code == "code_expired"
    readers.make_older(-2)
    assert proves(bea, code_id, code).status == 200

    assert proves(bea, code_id, code).code == "code_expired"


def test_a_newer_code_ends_it_whatever_that_is_for(bea: Member, page: Page) -> None:
    first = asked(bea)
    readers.make_older(31)
    reader = Person("reader", page)
    to_sign_in = readers.sent(reader, NEW)
    assert proves(bea, *first).code == "code_expired"
    readers.make_older(31)

    last = asked(bea)

    assert typed(reader, *to_sign_in).code == "code_expired"
    assert proves(bea, *last).status == 200


@pytest.mark.one_database
def test_limits_are_those_of_codes_to_sign_in(bea: Member, page: Page) -> None:
    asked(bea)
    again = asks(bea)
    assert (again.status, int(again.headers["Retry-After"]) > 25) == (429, True)
    assert readers.ask(Person("reader", page), NEW).status == 429
    for number in range(4):  # of the caller's network address
        asked(bea, f"bea{number}@example.org")
    assert asks(bea, "bea5@example.org").status == 429

    for number in range(1, 5):  # of the mailbox
        readers.make_older(31)
        readers.move(bea, number)
        asked(bea, f"bea+{number}@example.org")
    readers.make_older(31)
    readers.move(bea, 9)
    assert asks(bea, "bea+9@example.org").status == 429


@pytest.mark.one_database
def test_guesses_over_many_codes_are_ten_an_hour(bea: Member) -> None:
    outcomes = []
    for number in range(3):
        readers.move(bea, number)
        code_id, code = asked(bea)
        outcomes += [proves(bea, code_id, wrong(code)).status for _ in range(4)]
        readers.make_older(31)

    assert outcomes == [403] * 10 + [429] * 2


def test_a_browser_that_was_left_open_changes_nothing(bea: Member) -> None:
    code_id, code = asked(bea)
    make_older(bea)

    assert asks(bea, "other@example.org").code == "sign_in_again"
    assert proves(bea, code_id, code).code == "sign_in_again"
    assert (email_of(bea), EmailCode.objects.get().tries) == (("", False), 0)


@pytest.mark.one_database
def test_strangers_and_guests_are_told_to_sign_in(alice: Person, bea: Member) -> None:
    code_id, code = asked(bea)
    alice.posted("As a guest.")

    for person in (Person("stranger", alice.page), alice):
        for path, told in ((EMAIL, {"email": NEW}), (f"{EMAIL}{code_id}/", {"code": code})):
            assert person.send("POST", path, told, OWN_PAGE).code == "signed_out"


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, "origin_not_allowed"),
        ({"Origin": "https://evil.example"}, "origin_not_allowed"),
        ({"X-Kibitz": "0"}, "header_missing"),
        ({"X-Kibitz-Author": ""}, "signed_out"),
        ({"X-Kibitz-Author": "somebodyelse"}, "signed_out"),
    ],
)
def test_another_page_changes_nothing(bea: Member, headers: dict[str, str], code: str) -> None:
    right = asked(bea)

    assert asks(bea, "other@example.org", **headers).code == code
    assert proves(bea, *right, **headers).code == code
    assert (EmailCode.objects.count(), email_of(bea)) == (1, ("", False))


@pytest.mark.one_database
def test_what_is_no_address_is_refused_in_words(bea: Member) -> None:
    for email in (*BAD_ADDRESSES, None, 7, ["a@b.org"], {"a": 1}, "a@b.org\r\nBcc: c@d.org", "a" * 5_000):
        answer = asks(bea, email)
        assert (answer.status, list(answer.data["fields"])) == (400, ["email"]), email

    assert not Mail.objects.exists()


@pytest.mark.one_database
@pytest.mark.parametrize("code", ["", "12345", "12345a", "\x00" * 6, 123456, None])
def test_what_is_no_code_is_refused_in_words(bea: Member, code: object) -> None:
    code_id, _ = asked(bea)

    answer = proves(bea, code_id, code)

    assert (answer.status, list(answer.data["fields"])) == (400, ["code"])
    assert EmailCode.objects.get().tries == 0


@pytest.mark.one_database
def test_unknown_ids_and_fields(bea: Member) -> None:
    assert proves(bea, "00000000-0000-4000-8000-000000000000", "123456").code == "not_found"
    assert proves(bea, "7", "123456").status == 404
    assert bea.asks("POST", EMAIL, {"email": NEW, "name": "Bea"}).code == "unknown_field"


@pytest.mark.one_database
def test_where_no_codes_are_sent_no_address_is_added(bea: Member, site: Site, settings: Settings) -> None:
    right = asked(bea)
    SiteSignIn.objects.create(site=site, has_codes=False)

    assert bea.ways()["is_email_changeable"] is False
    assert asks(bea, "other@example.org").code == "way_off"
    assert proves(bea, *right).code == "way_off"

    SiteSignIn.objects.update(has_codes=True)
    settings.EMAIL_BACKEND, settings.PUBLIC_URL = DEVELOPMENT, "https://comments.example.org"
    assert bea.ways()["is_email_changeable"] is False
    assert asks(bea, "other@example.org").code == "mail_off"


@pytest.mark.one_database
def test_the_address_of_whom_the_site_signs_in_is_the_sites(bea: Member, ann: Member, site: Site) -> None:
    SiteSignIn.objects.create(site=site, sso_algorithm="HS256", sso_key="k" * 32)
    for member in (bea, ann):
        add_identity(member.author, "sso", member.name)

    assert [member.ways()["is_email_changeable"] for member in (bea, ann)] == [True, False]
    assert asks(ann, "other@example.org").code == "refused"
    assert proves(bea, *asked(bea)).data["is_email_changeable"] is False
    SiteSignIn.objects.update(sso_algorithm="")
    assert proves(ann, *asked(ann, "other@example.org")).data["email"] == "other@example.org"


@pytest.mark.one_database
def test_the_sites_own_sign_in_proves_too_little(bea: Member, page: Page) -> None:
    assert asks(Member(bea.author, page, "sso")).code == "sign_in_again"


def test_of_proofs_at_once_one_has_the_address(shared_database: None) -> None:
    page = page_of(site := create_site("blog", origins=[ORIGIN], is_unlimited=True))
    profiles = [Profile("passkey", str(number), "Bea") for number in range(4)]
    members = [Member(member_by_profile(site, profile)[0], page) for profile in profiles]

    def take(number: int) -> Answer:
        """Beyond the newest code alone being good."""
        with suppress(WayTaken):
            take_email(members[number].author, NEW)
        return members[number].asks("GET", WAYS)

    answers = all_at_once(4, take)

    assert sorted(answer.data["email"] for answer in answers) == ["", "", "", NEW]


def test_of_tries_at_once_one_opens(shared_database: None) -> None:
    page = page_of(site := create_site("blog", origins=[ORIGIN], is_unlimited=True))
    ann = Member(member_by_email(site, "ann@example.org", name="Ann")[0], page)
    code_id, code = asked(ann)

    answers = all_at_once(4, lambda number: proves(ann, code_id, code))

    assert sorted(answer.status for answer in answers) == [200, 403, 403, 403]
    assert Mail.objects.filter(template="email_changed").count() == 1
