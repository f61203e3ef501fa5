"""From the popup to the frame: only who has the verifier and what the popup said or showed gets in, once."""

from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any

import pytest
from django.utils import timezone

from comments.errors import HandoffRefused
from comments.identity.members import Profile, member_by_email
from comments.identity.models import Author, Session
from comments.signin.handoffs import TRIES_MAX, make_handoff, redeem
from comments.signin.models import Handoff, SiteSignIn
from comments.sites.models import Site
from comments.sites.services import create_site
from tests.cast import API, ORIGIN, Answer, Page, Person

ANN = Profile("passkey", "ann's", "Ann")
VERIFIER = token_urlsafe(32)
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def said(site: Site) -> tuple[str, str]:
    """The code and the digits of a popup that has finished."""
    return make_handoff(site, CHALLENGE, ANN, now=timezone.now())


def take(person: Person, /, site: str = "blog", **told: object) -> Answer:
    path = f"{API}sites/{site}/handoffs/"
    return person.send("POST", path, {"verifier": VERIFIER} | told, {"Sec-Fetch-Site": "same-origin"})


def another(digits: str) -> str:
    return f"{(int(digits) + 1) % 1_000_000:06}"


def test_the_frame_takes_the_session(alice: Person, said: tuple[str, str]) -> None:
    answer = take(alice, code=said[0])

    assert answer.status == 200
    assert (answer.data["author"]["name"], answer.data["author"]["provider"]) == ("Ann", "passkey")
    assert alice.client.cookies["__Host-kibitz-blog"]["partitioned"]
    assert Session.objects.get().provider == "passkey"


def test_the_digits_are_typed_where_the_popup_is_cut_off(alice: Person, said: tuple[str, str]) -> None:
    assert take(alice, digits=said[1]).status == 200


def test_a_stolen_message_is_good_for_nothing_without_the_verifier(
    mallory: Person, said: tuple[str, str]
) -> None:
    for told in ({"code": said[0]}, {"digits": said[1]}):
        answer = take(mallory, verifier=token_urlsafe(32), **told)
        assert (answer.status, answer.code) == (403, "handoff_refused")
    assert take(mallory, verifier=CHALLENGE, code=said[0]).code == "handoff_refused"
    assert not Session.objects.exists()


def test_the_verifier_alone_opens_nothing(alice: Person, said: tuple[str, str]) -> None:
    assert take(alice).code == "invalid"
    assert take(alice, code=said[0], digits=said[1]).code == "invalid"


def test_it_is_taken_once(alice: Person, said: tuple[str, str]) -> None:
    assert take(alice, code=said[0]).status == 200

    assert take(alice, code=said[0]).code == "handoff_refused"
    assert take(alice, digits=said[1]).code == "handoff_refused"
    assert Session.objects.count() == 1


def test_five_guesses_and_it_is_dead(alice: Person, said: tuple[str, str]) -> None:
    for _ in range(TRIES_MAX):
        assert take(alice, digits=another(said[1])).code == "handoff_refused"

    assert take(alice, digits=said[1]).code == "handoff_refused"
    assert take(alice, code=said[0]).code == "handoff_refused"


def test_who_mistypes_may_look_again(alice: Person, said: tuple[str, str]) -> None:
    take(alice, digits=another(said[1]))

    assert take(alice, digits=said[1]).status == 200


@pytest.mark.parametrize(
    ("which", "age", "is_good"),
    [
        ("code", timedelta(seconds=119), True),
        ("code", timedelta(seconds=121), False),
        ("digits", timedelta(seconds=599), True),
        ("digits", timedelta(seconds=601), False),
    ],
)
def test_the_code_is_good_for_two_minutes_and_the_digits_for_ten(
    site: Site, which: str, age: timedelta, is_good: bool
) -> None:
    now: datetime = timezone.now()
    code, digits = make_handoff(site, CHALLENGE, ANN, now=now - age)
    told: dict[str, Any] = {"code": code} if which == "code" else {"digits": digits}

    def taken() -> Profile:
        return redeem(site, VERIFIER, now=now, **told)

    if is_good:
        assert taken() == ANN
    else:
        with pytest.raises(HandoffRefused):
            taken()


def test_it_is_of_one_site(alice: Person, said: tuple[str, str]) -> None:
    create_site("other", origins=[ORIGIN], is_unlimited=True)

    assert take(alice, "other", code=said[0]).code == "handoff_refused"
    assert take(alice, code=said[0]).status == 200


@pytest.mark.parametrize(
    "change",
    [
        lambda code: code[:-1] + ("A" if code[-1] != "A" else "B"),
        lambda code: code.swapcase(),
        lambda code: code[::-1],
    ],
)
def test_an_altered_code_is_none(alice: Person, said: tuple[str, str], change: Callable[[str], str]) -> None:
    assert take(alice, code=change(said[0])).code == "handoff_refused"


@pytest.mark.one_database
@pytest.mark.parametrize(
    "told",
    [
        {"digits": "12345"},
        {"digits": "1234567"},
        {"digits": "١٢٣٤٥٦"},
        {"digits": 123456},
        {"digits": None},
        {"code": ""},
        {"code": "a" * 44},
        {"code": "\x00" * 43},
        {"code": ["a" * 43]},
        {"digits": "123456", "verifier": "short"},
        {"digits": "123456", "verifier": "a" * 129},
        {"digits": "123456", "verifier": "ä" * 43},
        {"digits": "123456", "challenge": CHALLENGE},
    ],
)
def test_what_is_no_code_and_no_digits_is_refused_in_words(alice: Person, told: dict[str, Any]) -> None:
    answer = take(alice, **told)

    assert (answer.status, answer.code) in {(400, "invalid"), (400, "unknown_field")}


def test_a_challenge_is_answered_once(site: Site, said: tuple[str, str], alice: Person) -> None:
    with pytest.raises(HandoffRefused):
        make_handoff(site, CHALLENGE, Profile("passkey", "mallory's"), now=timezone.now())

    assert take(alice, code=said[0]).data["author"]["name"] == "Ann"


def test_what_is_kept_opens_nothing(site: Site, said: tuple[str, str]) -> None:
    kept = Handoff.objects.get()

    assert not {*said, VERIFIER} & {kept.challenge, kept.code_digest, kept.digits_digest}


@pytest.mark.parametrize("fetched", ["cross-site", "same-site"])
def test_another_page_cannot_take_it(mallory: Person, said: tuple[str, str], fetched: str) -> None:
    path, told = f"{API}sites/blog/handoffs/", {"verifier": VERIFIER, "code": said[0]}

    assert mallory.send("POST", path, told, {"Sec-Fetch-Site": fetched}).code == "origin_not_allowed"
    assert mallory.send("POST", path, told, {"X-Kibitz": "0"}).code == "header_missing"
    assert not Session.objects.exists()


def test_a_way_that_was_switched_off_meanwhile_is_closed(
    alice: Person, site: Site, said: tuple[str, str]
) -> None:
    SiteSignIn.objects.create(site=site, has_passkeys=False)

    assert take(alice, code=said[0]).code == "way_off"


def test_a_guest_becomes_the_member(alice: Person, said: tuple[str, str]) -> None:
    alice.posted("As a guest.")

    answer = take(alice, code=said[0])

    author = Author.objects.get()
    assert (author.is_member, author.name) == (True, "Ann")
    assert answer.data["author"]["key"] == author.public_key


def test_a_session_that_was_planted_before_is_good_for_nothing_after(
    page: Page, site: Site, said: tuple[str, str]
) -> None:
    mallory, victim = Person("mallory", page), Person("victim", page)
    code, _ = make_handoff(
        site,
        urlsafe_b64encode(sha256(b"m" * 43).digest()).rstrip(b"=").decode(),
        Profile("passkey", "mallory's"),
        now=timezone.now(),
    )
    take(mallory, verifier="m" * 43, code=code)
    planted = mallory.client.cookies["__Host-kibitz-blog"].value
    victim.client.cookies["__Host-kibitz-blog"] = planted

    take(victim, code=said[0])

    assert victim.client.cookies["__Host-kibitz-blog"].value != planted
    names = [session.author.name for session in Session.objects.select_related("author")]
    assert names == ["Ann"]


def test_an_address_is_given_to_no_provider_that_may_say_anything(alice: Person, site: Site) -> None:
    SiteSignIn.objects.create(site=site)
    member_by_email(site, "bea@example.org", name="Bea")
    claims = Profile("passkey", "m", "Mallory", "bea@example.org", is_email_verified=True)
    code, _ = make_handoff(site, CHALLENGE, claims, now=timezone.now())

    answer = take(alice, code=code)

    assert (answer.status, answer.data["code"]) == (409, "email_proof_required")
    assert not Session.objects.exists()
