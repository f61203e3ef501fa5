"""What is made of what a provider says of an account: its name, and whose its address is."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.socialaccount.models import SocialApp

from comments.identity.members import Profile, member_by_email
from comments.identity.models import Author, Session
from comments.signin.models import EmailCode
from comments.signin.providers import app_of, profile_of, provider_of
from comments.sites.models import Site
from tests.cast import API, Person
from tests.integration.signin.popups import OPENED, Popup, set_up, take


@pytest.fixture
def said_by(rf: Any, db: None) -> Callable[..., Profile]:
    """What is made of what a provider says."""

    def made(provider: str, said: dict[str, Any], **settings: Any) -> Profile:
        set_up(provider, settings=settings)
        app = app_of(provider)
        assert app is not None
        found = provider_of(rf.get("/"), app)
        return profile_of(found, found.sociallogin_from_response(rf.get("/"), said))

    return made


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("said", "is_trusted"),
    [
        ({"email": "ann@gmail.com", "email_verified": True}, True),
        ({"email": "ann@gmail.com", "email_verified": False}, False),
        ({"email": "ann@example.org", "email_verified": True}, False),
        ({"email": "ann@example.org", "email_verified": True, "hd": "example.org"}, True),
        ({"email": "ann@other.org", "email_verified": True, "hd": "example.org"}, False),
        ({"email": "ann@gmail.com.evil.org", "email_verified": True}, False),
        ({"email": "ann@example.org", "email_verified": True, "hd": ""}, False),
    ],
)
def test_who_runs_the_mailbox_is_trusted_with_it(
    said_by: Callable[..., Profile], said: dict[str, Any], is_trusted: bool
) -> None:
    assert said_by("google", {"sub": "17", **said}).is_email_trusted is is_trusted


@pytest.mark.one_database
def test_a_name_is_one_line_and_no_address(said_by: Callable[..., Profile]) -> None:
    told = {"id": 17, "login": "ann@example.org", "name": "Ann\u202eevil\x00\n" + "x" * 100, "email": None}

    profile = said_by("github", told)

    assert profile.name == ("Annevil " + "x" * 100)[:64]
    assert profile.subject == "17"


@pytest.mark.one_database
def test_an_account_without_a_name_there_is_none(said_by: Callable[..., Profile]) -> None:
    with pytest.raises(ValueError, match="none"):
        said_by("google", {"sub": "a\x00b", "email": "ann@gmail.com"})


def test_an_address_is_its_owners_until_they_prove_it(
    alice: Person, mallory: Person, site: Site, app: SocialApp
) -> None:
    owner, _ = member_by_email(site, "ann@example.org", name="The real Ann")

    answer = take(alice, Popup().signed_in())

    assert (answer.status, answer.data["code"]) == (409, "email_proof_required")
    assert answer.data["email_code"]["email"] == "a…@example.org"
    assert not Session.objects.exists()
    row = EmailCode.objects.get(pk=answer.data["email_code"]["id"])
    assert row.mail is not None
    path = f"{API}sites/blog/codes/{row.pk}/"
    wrong = {"code": f"{(int(row.mail.context['code']) + 1) % 1_000_000:06}"}
    assert mallory.send("POST", path, wrong, OPENED).code == "wrong_code"
    proved = alice.send("POST", path, {"code": row.mail.context["code"]}, OPENED)
    assert proved.data["author"]["key"] == owner.public_key
    again = take(alice, Popup("2" * 43).signed_in(), "2" * 43)
    assert again.data["author"]["key"] == owner.public_key


def test_the_operators_word_joins_at_once(alice: Person, site: Site, app: SocialApp) -> None:
    app.settings |= {"email_trusted": ["example.org"]}
    app.save()
    owner, _ = member_by_email(site, "ann@example.org", name="The real Ann")

    answer = take(alice, Popup().signed_in())

    assert answer.data["author"]["key"] == owner.public_key


def test_an_unproved_address_joins_nobody(alice: Person, site: Site, app: SocialApp) -> None:
    app.settings |= {"email_trusted": True}
    app.save()
    member_by_email(site, "unproved-ann@example.org", name="The real Ann")

    answer = take(alice, Popup().signed_in(login="unproved-ann"))

    assert answer.data["author"]["name"] == "Unproved-ann Example"
    assert Author.objects.count() == 2
