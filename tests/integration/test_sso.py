"""Single sign-on: whom a site's own token signs in, and as whom."""

import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from comments.identity.members import member_by_email
from comments.identity.models import Author, Identity
from comments.models import Action
from comments.signin.models import Avatar, SiteSignIn, UsedToken
from comments.sites.models import Site, SiteGroup
from comments.sites.roles import set_members
from comments.sites.services import create_site
from tests.cast import API, ORIGIN, Answer, Page, Person
from tests.sso_tokens import PEM, PRIVATE, SECRET, by_secret, signed, token

OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}


def set_sso(site: Site, key: str = SECRET, *, algorithm: str = "HS256", issuer: str = "") -> None:
    SiteSignIn.objects.update_or_create(
        site=site, defaults={"sso_algorithm": algorithm, "sso_key": key, "sso_issuer": issuer}
    )


@pytest.fixture(autouse=True)
def sso(site: Site) -> None:
    set_sso(site)


@pytest.fixture
def reader(page: Page) -> Person:
    return Person("ann", page)


def sent(person: Person, token: object, *, site: str = "blog") -> Answer:
    return person.send("POST", f"{API}sites/{site}/sso/", {"token": token}, OWN_PAGE)


def refusal(person: Person, token: str, *, site: str = "blog") -> str:
    """Why the token is refused; it is never said again, nor what was in it."""
    answer = sent(person, token, site=site)
    assert (answer.status, answer.code) == (401, "invalid_sso_token"), answer
    assert not Identity.objects.exists()
    assert not UsedToken.objects.exists()
    detail = str(answer.data["detail"])
    assert all(part not in detail for part in token.split(".") if len(part) > 8)
    return detail


def test_who_the_site_says_it_is_is_signed_in_and_posts(reader: Person) -> None:
    answer = sent(reader, token(name=" Ann\u202e  Lee "))

    assert answer.status == 200
    assert answer.data["author"] | {"key": "", "avatar": ""} == {
        "key": "",
        "name": "Ann Lee",
        "avatar": "",
        "badge": "",
        "email": "",
        "provider": "sso",
    }
    posted = reader.send("POST", reader.page.path + "posts/", reader.page.comment(name="x"), OWN_PAGE)
    assert posted.data["author"]["name"] == "Ann Lee"


def test_the_same_subject_is_the_same_author_with_what_the_last_token_says(reader: Person) -> None:
    first = sent(reader, token(name="Ann", badge="Gold"))
    second = sent(reader, token(name="Ann B.", badge="Silver"))

    assert first.data["author"]["key"] == second.data["author"]["key"]
    assert (second.data["author"]["name"], second.data["author"]["badge"]) == ("Ann B.", "Silver")
    assert sent(reader, token(name=...)).data["author"]["name"] == "Ann B."
    assert Author.objects.count() == 1


def test_another_subject_is_another_author_and_ends_the_first_one_here(reader: Person) -> None:
    sent(reader, token(sub="7"))

    answer = sent(reader, token(sub="8", name="Bob"))

    assert answer.data["author"]["name"] == "Bob"
    assert Author.objects.get(name="Ann").sessions.count() == 0


def test_what_is_forged_comes_to_nothing(reader: Person, site: Site) -> None:
    """One of each kind; all of them are in tests/unit/test_sso_tokens.py."""
    refusal(reader, token(lambda said: b"", alg="none"))
    refusal(reader, token(sub="\x00"))
    refusal(reader, signed(b'{"alg": "HS256"}', b'{"exp": Infinity}'))
    refusal(reader, "[" * 4_000)
    set_sso(site, PEM, algorithm="EdDSA")
    refusal(reader, token(lambda said: by_secret(said, PEM)))
    assert sent(reader, token(PRIVATE.sign, alg="EdDSA")).status == 200


def test_a_token_is_taken_once(reader: Person, page: Page) -> None:
    handed = token(jti="the same")

    first, again = sent(reader, handed), sent(Person("mallory", page), handed)
    altered = sent(Person("mallory", page), token(jti="the same", sub="9"))

    assert first.status == 200
    assert [(each.status, each.code) for each in (again, altered)] == [(401, "sso_token_used")] * 2
    assert UsedToken.objects.get().expires.timestamp() > time.time() + 60 + 30  # its life, and the leeway


@pytest.mark.parametrize("handed", ["", None, 7, ["x"], "x" * 4_097, "\x00"])
def test_a_token_is_a_text_of_a_fitting_length(reader: Person, handed: object) -> None:
    assert (answer := sent(reader, handed)).status == 400, answer


def test_an_old_token_is_refused_and_clocks_may_differ_a_little(reader: Person) -> None:
    now = int(time.time())

    assert '"exp"' in refusal(reader, token(iat=now - 200, exp=now - 40))
    assert '"iat"' in refusal(reader, token(iat=now + 60, exp=now + 120))
    assert '"exp"' in refusal(reader, token(iat=now, exp=now + 301))
    assert '"exp"' in refusal(reader, token(iat=now + 10, exp=now + 10))
    assert sent(reader, token(iat=now - 200, exp=now - 10)).status == 200
    assert sent(reader, token(iat=now + 20, exp=now + 320, nbf=now + 20)).status == 200


def test_a_token_of_another_site_is_refused(reader: Person) -> None:
    other = create_site("other", origins=[ORIGIN])
    set_sso(other)

    assert '"aud"' in refusal(reader, token(), site="other")
    assert sent(reader, token(aud="other"), site="other").status == 200


def test_the_same_number_on_another_site_is_another_token(reader: Person) -> None:
    other = create_site("other", origins=[ORIGIN])
    set_sso(other)

    sent(reader, token(jti="1"))

    assert sent(reader, token(jti="1", aud=["other"]), site="other").status == 200
    assert Author.objects.count() == 2


def test_the_issuer_is_the_one_that_is_set(reader: Person, site: Site) -> None:
    set_sso(site, issuer="https://id.example.org")

    assert '"iss"' in refusal(reader, token())
    assert sent(reader, token(iss="https://id.example.org")).status == 200


def test_where_it_is_off_nobody_comes_in(reader: Person, site: Site) -> None:
    set_sso(site, algorithm="")

    answer = sent(reader, token())

    assert (answer.status, answer.code) == (403, "way_off")


def test_another_page_cannot_sign_anybody_in(reader: Person) -> None:
    path, said = f"{API}sites/blog/sso/", {"token": token()}

    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": ORIGIN}, {"X-Kibitz": ""}):
        assert reader.send("POST", path, said, headers).status == 403


def test_an_address_that_the_site_vouches_for_is_the_same_member(reader: Person, site: Site) -> None:
    ann, _ = member_by_email(site, "ann@example.org", name="Ann by code")

    answer = sent(reader, token(email="Ann@Example.org", email_verified=True))

    assert answer.data["author"]["key"] == ann.public_key
    assert answer.data["author"]["email"] == "ann@example.org"


def test_an_address_that_it_does_not_vouch_for_is_nobody_elses(reader: Person, site: Site) -> None:
    ann, _ = member_by_email(site, "ann@example.org", name="Ann by code")

    answer = sent(reader, token(email="ann@example.org"))

    assert answer.data["author"]["key"] != ann.public_key
    assert answer.data["author"]["email"] == ""


def test_an_address_changes_with_the_token_but_not_to_another_members(reader: Person, site: Site) -> None:
    member_by_email(site, "bob@example.org")
    sent(reader, token(email="ann@example.org", email_verified=True))

    for email, verified, then in (
        ("new@example.org", True, "new@example.org"),
        ("unproved@example.org", False, "new@example.org"),
        ("bob@example.org", True, "new@example.org"),
    ):
        answer = sent(reader, token(email=email, email_verified=verified))
        assert answer.data["author"]["email"] == then


def test_a_guests_comments_stay_a_guests(reader: Person) -> None:
    posted = reader.posted("Between us.")

    sent(reader, token())

    assert reader.look(posted).data["author"]["name"] == "ann"
    assert Author.objects.filter(is_member=True).get().posts.count() == 0


@pytest.mark.parametrize("role", ["moderator", "owner"])
def test_a_role_is_a_badge_and_trust_and_is_taken_back(reader: Person, role: str) -> None:
    given = sent(reader, token(role=role, badge="Gold"))
    author = Author.objects.get()
    assert (given.data["author"]["badge"], author.trust) == (role, "trusted")
    assert reader.send("GET", f"{API}moderation/posts/", headers=OWN_PAGE).status in {401, 403}

    taken = sent(reader, token(badge="Gold"))

    author.refresh_from_db()
    assert (taken.data["author"]["badge"], author.trust) == ("Gold", "new")
    deeds = Action.objects.filter(author_id=author.pk).order_by("pk").values_list("after__trust", flat=True)
    assert list(deeds) == ["trusted", "new"]


@pytest.mark.parametrize("name", ["M\u043ergan  Freely", "Admin", "\u202eModerator\u200b"])
def test_a_name_of_who_looks_after_the_site_needs_a_role(reader: Person, site: Site, name: str) -> None:
    account = User.objects.create(username="m", first_name="Morgan", last_name="Freely", is_staff=True)
    set_members(site, SiteGroup.Role.MODERATOR, [account])

    assert sent(reader, token(name=name)).data["author"]["name"] == "Guest"
    assert sent(reader, token(name="Ann")).data["author"]["name"] == "Ann"
    assert sent(reader, token(name=name)).data["author"]["name"] == "Ann"
    assert sent(reader, token(name=name, role="moderator")).data["author"]["name"] not in {"Ann", "Guest"}


def test_whom_moderators_watch_a_role_does_not_free(reader: Person) -> None:
    sent(reader, token())
    Author.objects.update(trust=Author.Trust.WATCHED)

    sent(reader, token(role="moderator"))
    assert Author.objects.get().trust == "watched"

    sent(reader, token())
    assert Author.objects.get().trust == "watched"


def test_who_is_banned_signs_in_and_is_told_when_they_write(reader: Person) -> None:
    sent(reader, token())
    Author.objects.update(banned_at=timezone.now())

    assert sent(reader, token()).status == 200
    answer = reader.send("POST", reader.page.path + "posts/", reader.page.comment(), OWN_PAGE)
    assert (answer.status, answer.code) == (403, "banned")


def test_a_picture_is_wanted_not_fetched(reader: Person) -> None:
    sent(reader, token(avatar="https://example.org/ann.png"))

    wanted = Avatar.objects.get()
    assert (wanted.wanted, wanted.source, wanted.due is not None) == (
        "https://example.org/ann.png",
        "site",
        True,
    )


@pytest.mark.parametrize(
    ("source", "then"), [("upload", ""), ("gravatar", ""), ("site", "https://example.org/b.png")]
)
def test_a_picture_of_ones_own_stays(reader: Person, source: str, then: str) -> None:
    sent(reader, token(avatar="https://example.org/a.png"))
    Avatar.objects.update(source=source, wanted="")

    sent(reader, token(avatar="https://example.org/b.png"))

    assert Avatar.objects.get().wanted == then


def test_an_unknown_site_has_no_sign_in(reader: Person) -> None:
    assert sent(reader, token(), site="nowhere").code == "unknown_site"


def test_tokens_are_in_no_log(reader: Person, caplog: pytest.LogCaptureFixture) -> None:
    good, bad = token(), token(aud="other")
    with caplog.at_level("DEBUG"):
        for handed in (good, good, bad):
            sent(reader, handed)

    assert all(part not in caplog.text for handed in (good, bad) for part in handed.split(".")[1:])


@pytest.mark.one_database
def test_the_session_says_where_the_site_signs_in(reader: Person, site: Site) -> None:
    SiteSignIn.objects.filter(site=site).update(sso_url="https://blog.example.org/login/")

    answer: Any = reader.send("GET", f"{API}sites/blog/session/", headers=OWN_PAGE)

    assert answer.data["ways"]["sso"] == {"url": "https://blog.example.org/login/"}
