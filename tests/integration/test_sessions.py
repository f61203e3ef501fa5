"""Sessions of members: by cookie, else by bearer token, bound to one site, ended for good."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from comments.errors import EmailProofRequired, SignedOut
from comments.identity import sessions
from comments.identity.members import Profile, member_by_email, member_by_profile
from comments.identity.models import Author, Session
from comments.identity.sessions import bearer_for, begin, by_bearer, by_cookies, cookie_name, ticket_for
from comments.sites.models import Site
from comments.sites.services import create_site
from tests.cast import API, ORIGIN, Page, Person

OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def member(site: Site) -> Author:
    author, _ = member_by_email(site, "Ann@Example.org", name="Ann")
    return author


@pytest.fixture
def ann(page: Page, member: Author) -> Person:
    """Signed in by cookie."""
    person = Person("mallory", page)
    _, secret = begin(member, provider="", now=timezone.now())
    person.client.cookies[cookie_name(page.site)] = secret
    return person


def session_of(person: Person, **headers: str) -> Any:
    path = f"{API}sites/{person.page.site}/session/"
    return person.send("GET", path, headers=OWN_PAGE | headers)


def test_a_member_posts_under_their_own_name_whatever_is_typed(ann: Person, member: Author) -> None:
    answer = ann.send("POST", ann.page.path + "posts/", ann.page.comment(name="The Queen"), OWN_PAGE)

    assert answer.status == 201
    assert answer.data["author"] == {
        "name": "Ann",
        "avatar": f"/avatars/{member.public_key}",
        "key": member.public_key,
    }
    assert "X-Kibitz-Token" not in answer.headers


def test_what_a_member_posted_is_theirs_to_change(ann: Person) -> None:
    posted = ann.send("POST", ann.page.path + "posts/", ann.page.comment(), OWN_PAGE)

    edited = ann.send("PATCH", f"{API}posts/{posted.data['id']}/", {"body": "Better."}, OWN_PAGE)

    assert (edited.status, edited.data["body"]) == (200, "Better.")


def test_the_session_says_who_is_signed_in(ann: Person, member: Author) -> None:
    assert session_of(ann).data["author"] == {
        "key": member.public_key,
        "name": "Ann",
        "avatar": f"/avatars/{member.public_key}",
        "badge": "",
        "email": "ann@example.org",
        "provider": "",
    }


def test_nobody_is_signed_in_at_first(page: Page) -> None:
    answer = session_of(Person("stranger", page))

    assert answer.data["author"] is None
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("fetched", ["cross-site", "same-site", "none"])
def test_a_cookie_is_good_for_our_own_pages_alone(ann: Person, fetched: str) -> None:
    answer = ann.send(
        "POST", ann.page.path + "posts/", ann.page.comment(), {"Sec-Fetch-Site": fetched, "Origin": ORIGIN}
    )

    assert (answer.status, answer.code) == (403, "origin_not_allowed")


def test_without_fetch_metadata_the_origin_decides(ann: Person) -> None:
    path, said = ann.page.path + "posts/", ann.page.comment()

    assert ann.send("POST", path, said, {"Origin": ORIGIN}).status == 403
    assert ann.send("POST", path, said).status == 403
    assert ann.send("POST", path, said, {"Origin": "http://testserver"}).status == 201


@pytest.mark.parametrize("before", ["\u2000", "\xa0", "\x85", "a=b;\u3000", "a=b; \t", "a="])
@pytest.mark.one_database
def test_a_cookie_of_almost_that_name_may_be_of_a_neighbouring_host(
    page: Page, member: Author, before: str
) -> None:
    """Browsers keep "__Host-" from other hosts, and do not see it behind a space that Django strips."""
    _, secret = begin(member, provider="", now=timezone.now())
    sent = f"{before}{cookie_name(page.site)}={secret}".encode().decode("latin-1")  # as WSGI tells it

    asked = Client().get(f"{API}sites/blog/session/", headers=OWN_PAGE, HTTP_COOKIE=sent)

    assert asked.json()["author"] is None


def test_a_moderator_who_is_a_member_too_still_moderates(ann: Person, page: Page) -> None:
    post_id = Person("gus", page).posted("Rude.")
    ann.client.force_login(User.objects.create_superuser("morgan"))

    answer = ann.send("DELETE", f"{API}posts/{post_id}/", headers=OWN_PAGE)
    queue = ann.send("GET", API + "moderation/posts/?queue=all", headers=OWN_PAGE)

    assert (answer.status, queue.status) == (204, 200)


def test_another_page_cannot_ask_who_is_signed_in(ann: Person) -> None:
    assert session_of(ann, **{"Sec-Fetch-Site": "cross-site"}).status == 403


def test_a_session_is_of_one_site(ann: Person) -> None:
    other = create_site("other", origins=[ORIGIN], is_unlimited=True)
    secret = ann.client.cookies[cookie_name("blog")].value
    ann.client.cookies[cookie_name(other.key)] = secret

    answer = ann.send("GET", f"{API}sites/other/session/", headers=OWN_PAGE)

    assert answer.data["author"] is None


def test_who_signs_out_is_out_for_good(ann: Person) -> None:
    secret = ann.client.cookies[cookie_name("blog")].value

    answer = ann.send("DELETE", f"{API}sites/blog/session/", headers=OWN_PAGE)

    assert answer.status == 204
    assert by_cookies([secret], now=timezone.now()) == []


def test_sign_out_everywhere_ends_every_session(ann: Person, member: Author) -> None:
    begin(member, provider="google", now=timezone.now())

    ann.send("DELETE", f"{API}sites/blog/session/?everywhere=1", headers=OWN_PAGE)

    assert not Session.objects.filter(author=member).exists()


def test_who_is_shown_as_the_writer_must_be_the_one_who_writes(page: Page, member: Author) -> None:
    stranger = Person("stranger", page)

    answer = stranger.send(
        "POST", page.path + "posts/", page.comment(), {"X-Kibitz-Author": member.public_key}
    )

    assert (answer.status, answer.code) == (401, "signed_out")


def test_a_ticket_becomes_a_bearer_token_once_and_ends_the_cookie(ann: Person, member: Author) -> None:
    session, secret = begin(member, provider="", now=timezone.now())
    path, said = f"{API}sites/blog/session/bearer/", {"ticket": ticket_for(session)}
    stranger = Person("stranger", ann.page)

    first, second = (stranger.send("POST", path, said, OWN_PAGE) for _ in range(2))

    assert (first.status, first.data["author"]["name"]) == (200, "Ann")
    assert (second.status, second.code) == (401, "signed_out")
    assert by_cookies([secret], now=timezone.now()) == []
    stranger.token = first.headers["X-Kibitz-Token"]
    assert session_of(stranger).data["author"]["name"] == "Ann"


def test_a_ticket_is_of_one_site_and_one_minute(
    member: Author, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, _ = begin(member, provider="", now=timezone.now())
    ticket = ticket_for(session)

    with pytest.raises(SignedOut):
        bearer_for(ticket, site.pk + 1, now=timezone.now())
    monkeypatch.setattr(sessions, "TICKET_SECONDS", -1)
    with pytest.raises(SignedOut):
        bearer_for(ticket, site.pk, now=timezone.now())


@pytest.fixture
def bearer(member: Author) -> str:
    session, _ = begin(member, provider="", now=timezone.now())
    return bearer_for(ticket_for(session), member.site_id, now=timezone.now())[1]


def test_a_bearer_token_is_renewed_and_the_old_one_fades(bearer: str) -> None:
    later = timezone.now() + timedelta(minutes=16)

    _, renewed = by_bearer(bearer, now=later)

    assert renewed
    assert by_bearer(renewed, now=later)[1] == ""
    assert by_bearer(bearer, now=later + timedelta(seconds=59))[1] == ""  # a call that was on its way


def test_a_token_that_was_replaced_ends_the_session_of_its_thief(bearer: str) -> None:
    later = timezone.now() + timedelta(minutes=16)
    _, renewed = by_bearer(bearer, now=later)
    by_bearer(renewed, now=later + timedelta(seconds=1))

    for token in (bearer, renewed):
        with pytest.raises(SignedOut):
            by_bearer(token, now=later + timedelta(seconds=61))


def test_who_never_got_the_new_token_goes_on_with_the_old_one(bearer: str) -> None:
    """The page was closed, or the network gone, before the answer that brought it."""
    later = timezone.now() + timedelta(minutes=16)
    _, lost = by_bearer(bearer, now=later)

    for _ in range(2):  # calls at once
        assert by_bearer(bearer, now=later + timedelta(hours=1))[1] == ""
    assert by_bearer(bearer, now=later + timedelta(hours=2))[1] not in {"", lost}


@pytest.mark.parametrize("is_thief_first", [True, False])
def test_of_two_with_a_token_each_the_second_ends_the_session(bearer: str, is_thief_first: bool) -> None:
    later = timezone.now() + timedelta(minutes=16)
    _, renewed = by_bearer(bearer, now=later)
    both = (bearer, renewed) if is_thief_first else (renewed, bearer)

    for minutes in (2, 4, 6):
        for token in both:
            with suppress(SignedOut):
                by_bearer(token, now=later + timedelta(minutes=minutes))

    assert not Session.objects.exists()


@pytest.mark.parametrize(
    ("idle", "opens"),
    [
        (timedelta(days=89), by_cookies),
        (timedelta(days=91), None),
    ],
)
def test_a_cookie_is_good_for_90_days_of_nothing(
    member: Author, idle: timedelta, opens: Callable[..., Any] | None
) -> None:
    now: datetime = timezone.now()
    _, secret = begin(member, provider="", now=now)

    assert bool(by_cookies([secret], now=now + idle)) is (opens is not None)


def test_the_answer_brings_a_renewed_token(bearer: str, page: Page) -> None:
    Session.objects.update(renewed=timezone.now() - timedelta(hours=1))
    person = Person("ann", page)
    person.token = bearer

    answer = session_of(person)

    assert answer.data["author"]["name"] == "Ann"
    assert answer.headers["X-Kibitz-Token"] not in {"", bearer}


def test_a_guest_becomes_a_member_with_all_they_wrote_and_their_old_token_opens_nothing(
    page: Page, site: Site
) -> None:
    guest = Person("gus", page)
    post_id = guest.posted("As a guest.")
    author = Author.objects.get(name="gus")

    member, is_new = member_by_email(site, "gus@example.org", guest=author)

    assert (is_new, member.pk, member.name) == (True, author.pk, "gus")
    assert guest.edit(post_id, "Stolen.").code == "invalid_token"


def test_the_same_verified_address_is_the_same_author(site: Site, member: Author) -> None:
    profile = Profile("google", "17", "Anna", "ANN@example.org", True, True)

    assert member_by_profile(site, profile) == (member, False)
    assert member_by_profile(site, Profile("google", "17", "Somebody")) == (member, False)


def test_a_provider_that_may_say_anything_takes_no_address(site: Site, member: Author) -> None:
    with pytest.raises(EmailProofRequired):
        member_by_profile(site, Profile("other", "17", "Anna", "ann@example.org", True))

    unproved, is_new = member_by_profile(site, Profile("other", "18", "Bea", "bea@example.org", True))
    assert (is_new, unproved.email, unproved.is_email_verified) == (True, "", False)
    assert member_by_email(site, "bea@example.org")[0] != unproved
