"""A member's own ways in: seen and added to by them alone, shortly after they have signed in."""

from collections.abc import Iterator

import pytest

from comments.identity.members import Profile, add_identity, member_by_email, member_by_profile
from comments.identity.models import Identity, Session
from comments.mail.models import Mail
from comments.signin.handoffs import challenge_of
from comments.signin.member_ways import WAYS_MAX
from comments.signin.models import Handoff, SiteSignIn
from comments.sites.models import Site
from comments.sites.services import create_site
from tests.cast import API, ORIGIN, Page, Person
from tests.integration.signin.member import (
    KEY,
    OWN_PAGE,
    WAYS,
    Member,
    brought,
    make_older,
    providers_of,
    verifiers,
)


def test_a_member_sees_their_ways_in(ann: Member) -> None:
    add_identity(ann.author, "sso", "7")
    add_identity(ann.author, "passkey", "ann's")

    told = ann.ways()

    assert (told["email"], told["is_fresh"]) == ("ann@example.org", True)
    assert [(way["provider"], way["is_removable"]) for way in told["ways"]] == [
        ("sso", False),
        ("passkey", True),
    ]
    assert "ann's" not in str(told)


def test_what_the_popup_brings_is_added(ann: Member, page: Page) -> None:
    answer = ann.adds()

    assert [way["provider"] for way in answer.data["ways"]] == ["passkey"]
    assert Identity.objects.get().author == ann.author
    assert answer.headers["Cache-Control"] == "no-store"
    again, is_new = member_by_profile(ann.author.site, KEY)
    assert (again, is_new) == (ann.author, False)
    assert Session.objects.get() == ann.session


def test_twice_is_once(ann: Member) -> None:
    ann.adds()

    answer = ann.adds()

    assert (answer.status, len(answer.data["ways"])) == (200, 1)
    assert Mail.objects.count() == 1


def test_anothers_is_refused_and_stays_theirs(ann: Member, bea: Member) -> None:
    answer = ann.adds(Profile("passkey", "bea's", "Bea"))

    assert (answer.status, answer.code) == (409, "way_taken")
    assert Identity.objects.get().author == bea.author
    assert not Mail.objects.exists()


@pytest.mark.one_database
def test_who_signs_in_does_not_add_and_who_adds_does_not_sign_in(ann: Member, site: Site) -> None:
    to_sign_in, to_add = next(verifiers), ann.begins()
    code = brought(site, to_sign_in, adds=False)

    assert ann.takes(to_sign_in, code).code == "handoff_refused"
    told = {"verifier": to_add, "code": brought(site, to_add)}
    assert ann.asks("POST", f"{API}sites/blog/handoffs/", told).code == "handoff_refused"
    assert not Identity.objects.exists()


@pytest.mark.one_database
def test_what_one_has_begun_no_other_takes(ann: Member, bea: Member, page: Page, site: Site) -> None:
    """An attacker's way in becomes nobody's but the attacker's, whoever sends it on."""
    verifier = bea.begins()
    code = brought(site, verifier, Profile("passkey", "another of bea's"))
    elsewhere = Member(bea.author, page)

    assert ann.takes(verifier, code).code == "handoff_refused"
    assert elsewhere.takes(verifier, code).code == "handoff_refused"
    assert providers_of(ann.author) == []
    assert bea.takes(verifier, code).status == 200


@pytest.mark.one_database
def test_it_is_taken_once(ann: Member, site: Site) -> None:
    verifier = ann.begins()
    code = brought(site, verifier)
    ann.takes(verifier, code)
    ann.author.identities.all().delete()

    assert ann.takes(verifier, code).code == "handoff_refused"
    assert providers_of(ann.author) == []


@pytest.mark.one_database
def test_a_challenge_is_begun_once(ann: Member, bea: Member) -> None:
    challenge = challenge_of(ann.begins())

    assert bea.asks("POST", f"{WAYS}begin/", {"challenge": challenge}).code == "handoff_refused"
    assert Handoff.objects.get().session == ann.session


@pytest.mark.one_database
def test_what_is_begun_and_not_brought_opens_nothing(ann: Member) -> None:
    verifier = ann.begins()

    assert ann.takes(verifier, "c" * 43).code == "handoff_refused"
    told = {"verifier": verifier, "digits": "123456"}
    assert ann.asks("POST", WAYS, told).code == "handoff_refused"


@pytest.mark.one_database
def test_it_is_of_one_site(ann: Member, page: Page) -> None:
    other = create_site("other", origins=[ORIGIN], is_unlimited=True)
    author, _ = member_by_email(other, "ann@example.org", name="Ann")
    elsewhere = Member(author, page)
    verifier = next(verifiers)
    path = f"{API}sites/other/session/ways/"
    elsewhere.asks("POST", f"{path}begin/", {"challenge": challenge_of(verifier)})
    code = brought(other, verifier)

    assert ann.takes(verifier, code).code == "handoff_refused"
    assert elsewhere.takes(verifier, code).code == "signed_out"
    told = {"verifier": verifier, "code": code}
    assert elsewhere.asks("POST", path, told).status == 200


@pytest.mark.one_database
def test_a_way_that_was_switched_off_meanwhile_is_not_added(ann: Member, site: Site) -> None:
    SiteSignIn.objects.create(site=site, has_passkeys=False)

    assert ann.adds().code == "way_off"


@pytest.mark.one_database
def test_there_are_so_many_and_no_more(ann: Member) -> None:
    for number in range(WAYS_MAX):
        add_identity(ann.author, "passkey", str(number))

    answer = ann.asks("POST", f"{WAYS}begin/", {"challenge": challenge_of(next(verifiers))})

    assert (answer.status, answer.code) == (403, "refused")


def test_a_browser_that_was_left_open_changes_nothing(ann: Member) -> None:
    ann.adds()
    make_older(ann)

    assert ann.ways()["is_fresh"] is False
    told = {"challenge": challenge_of(next(verifiers))}
    assert ann.asks("POST", f"{WAYS}begin/", told).code == "sign_in_again"
    assert ann.removes(Identity.objects.get().pk).code == "sign_in_again"
    assert providers_of(ann.author) == ["passkey"]


@pytest.mark.one_database
def test_the_sites_own_sign_in_proves_too_little(ann: Member, page: Page) -> None:
    member = Member(ann.author, page, "sso")

    told = {"challenge": challenge_of(next(verifiers))}
    assert member.ways()["is_fresh"] is False
    assert member.asks("POST", f"{WAYS}begin/", told).code == "sign_in_again"


@pytest.mark.one_database
def test_what_a_session_began_ends_with_it(ann: Member, site: Site) -> None:
    ann.begins()

    ann.asks("DELETE", f"{API}sites/blog/session/")

    assert not Handoff.objects.exists()


def asks_of(person: Person, pk: int) -> Iterator[tuple[str, str, object]]:
    yield "GET", WAYS, None
    yield "POST", WAYS, {"verifier": "v" * 43, "code": "c" * 43}
    yield "POST", f"{WAYS}begin/", {"challenge": "c" * 43}
    yield "DELETE", f"{WAYS}{pk}/", None


@pytest.mark.one_database
def test_strangers_and_guests_are_told_to_sign_in(alice: Person, bea: Member) -> None:
    stranger = Person("stranger", alice.page)
    alice.posted("As a guest.")

    for person in (stranger, alice):
        for method, path, told in asks_of(person, Identity.objects.get().pk):
            assert person.send(method, path, told, OWN_PAGE).code == "signed_out"


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, "origin_not_allowed"),
        ({"Sec-Fetch-Site": "same-site"}, "origin_not_allowed"),
        ({"Origin": "https://evil.example"}, "origin_not_allowed"),
        ({"X-Kibitz": "0"}, "header_missing"),
        ({"X-Kibitz-Author": ""}, "signed_out"),
        ({"X-Kibitz-Author": "somebodyelse"}, "signed_out"),
    ],
)
def test_another_page_changes_nothing(ann: Member, site: Site, headers: dict[str, str], code: str) -> None:
    ann.adds()
    pk, verifier = Identity.objects.get().pk, ann.begins()
    taken = brought(site, verifier, Profile("passkey", "another"))

    assert ann.removes(pk, **headers).code == code
    assert ann.takes(verifier, taken, **headers).code == code
    told = {"challenge": challenge_of(next(verifiers))}
    assert ann.asks("POST", f"{WAYS}begin/", told, **headers).code == code
    assert providers_of(ann.author) == ["passkey"]


@pytest.mark.one_database
@pytest.mark.parametrize("challenge", ["", "c" * 42, "c" * 44, "ä" * 43, 7, None])
def test_what_is_no_challenge_is_refused_in_words(ann: Member, challenge: object) -> None:
    answer = ann.asks("POST", f"{WAYS}begin/", {"challenge": challenge})

    assert (answer.status, answer.code) == (400, "invalid")
