"""Nobody speaks under the name of somebody who looks after the site."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from comments.identity import names
from comments.identity.members import Profile, member_by_email, member_by_profile
from comments.identity.models import Author
from comments.identity.sessions import begin, cookie_name
from comments.sites.models import Site, SiteGroup
from comments.sites.roles import set_members
from comments.sites.services import create_site
from tests.cast import API, ORIGIN, Answer, Page, Person

OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def morgan(site: Site) -> User:
    """A moderator of the site, called Morgan Freely."""
    account = User.objects.create(username="mfreely", first_name="Morgan", last_name="Freely", is_staff=True)
    set_members(site, SiteGroup.Role.MODERATOR, [account])
    return account


@pytest.fixture
def ann(page: Page, site: Site) -> Person:
    """A member, signed in by cookie."""
    member, _ = member_by_email(site, "ann@example.org", name="Ann")
    person = Person("ann", page)
    person.client.cookies[cookie_name(page.site)] = begin(member, provider="", now=timezone.now())[1]
    return person


def rename(person: Person, name: object) -> Answer:
    return person.send("PATCH", f"{API}sites/{person.page.site}/session/", {"name": name}, OWN_PAGE)


def said(answer: Answer) -> tuple[int, dict[str, list[str]]]:
    return answer.status, answer.data.get("field_codes", {})


RESERVED = (400, {"name": ["reserved"]})


@pytest.mark.parametrize(
    "name",
    [
        "Morgan Freely",
        "MORGAN FREELY",
        "Моrgаn Frееly",
        "morganfreely",
        "Morgan\u200b Freely ✓",
        "M0rgan FreeIy",
    ],
)
def test_a_guest_cannot_look_like_a_moderator(page: Page, morgan: User, name: str) -> None:
    answer = Person(name, page).post()

    assert said(answer) == RESERVED
    assert answer.code == "invalid"


@pytest.mark.parametrize(
    "name",
    [
        *("Moderator", "m0derat0r", "Alice (moderator)", "Site Admin", "аdmin", "ADMIN", "Owner", "staff"),
        *("Administratorin", "Modérateur", "Propietario", "モデレーター", "管理者", "مشرف", "A.d.m.i.n"),
    ],
)
def test_a_guest_cannot_call_themselves_what_moderators_are(page: Page, name: str) -> None:
    assert said(Person(name, page).post()) == RESERVED


@pytest.mark.parametrize("name", ["Morgan", "mfreely", "Ralf Staff", "Modesta", "Malik", "Ådmund", "✓"])
def test_other_names_are_free(page: Page, morgan: User, name: str) -> None:
    """An account's own name is not told by refusing it where readers never see it."""
    assert Person(name, page).post().status == 201


def test_another_sites_moderators_are_nobody_here(morgan: User, site: Site) -> None:
    other = create_site("other", origins=[ORIGIN], is_unlimited=True)

    assert Person("Morgan Freely", Page("other", "first")).post().status == 201
    assert not names.is_reserved(other, "Morgan Freely")


def test_an_author_who_answers_for_the_site_keeps_the_name_without_an_account(site: Site) -> None:
    account = User.objects.create(username="gone", is_active=False)
    Author.objects.create(site=site, name="Gone Girl", staff=account)

    assert names.is_reserved(site, "gone girl")


def test_moderators_may_bear_their_names(page: Page, morgan: User) -> None:
    person = Person("Morgan Freely", page)
    person.client.force_login(morgan)

    first = person.post(name="Morgan Freely")
    person.token = first.headers["X-Kibitz-Token"]  # of a guest, as their browser keeps it

    assert (first.status, person.post(name="Morgan Freely").status) == (201, 201)


def test_another_account_may_not_bear_them(page: Page, morgan: User) -> None:
    person = Person("Morgan Freely", page)
    person.client.force_login(User.objects.create(username="mallory", is_staff=True))

    assert said(person.post()) == RESERVED


def test_a_member_with_an_account_may_take_its_name(ann: Person, morgan: User) -> None:
    ann.client.force_login(morgan)

    assert rename(ann, "Morgan Freely").status == 200


def test_a_post_is_asked_for_again_though_its_name_is_somebodys_by_now(page: Page, site: Site) -> None:
    guest, key = Person("Max", page), "6ff0dd8a-8b3e-4b3c-9d27-4b0ed1b0a6b1"
    first = guest.post(idempotency_key=key)
    Author.objects.create(site=site, name="Max", staff=User.objects.create(username="max"))

    again = guest.post(idempotency_key=key)

    assert (first.status, again.status, again.data["id"]) == (201, 200, first.data["id"])
    assert said(guest.post()) == RESERVED


def test_a_member_takes_another_name_for_new_posts(ann: Person) -> None:
    old = ann.send("POST", ann.page.path + "posts/", ann.page.comment(), OWN_PAGE)

    renamed = rename(ann, "  Ann \u202eof   Kent ")

    assert (renamed.status, renamed.data["author"]["name"]) == (200, "Ann of Kent")
    new = ann.send("POST", ann.page.path + "posts/", ann.page.comment(), OWN_PAGE)
    assert new.data["author"]["name"] == "Ann of Kent"
    assert ann.look(old.data["id"]).data["author"]["name"] == "Ann"


def test_a_member_cannot_take_a_moderators_name(ann: Person, morgan: User) -> None:
    assert said(rename(ann, "Morgan Freеly")) == RESERVED
    assert Author.objects.get(is_member=True).name == "Ann"


@pytest.mark.parametrize(
    "name", ["", "  ", "\u200b\u202e", "\u3164", "x" * 65, None, 7, ["Ann"], "a\x00b", "\ud800"]
)
def test_what_is_no_name_is_refused(ann: Person, name: object) -> None:
    assert (rename(ann, name).status, Author.objects.get(is_member=True).name) == (400, "Ann")


def test_who_is_signed_out_has_no_name_to_change(page: Page) -> None:
    answer = rename(Person("stranger", page), "Ann")

    assert (answer.status, answer.code) == (401, "signed_out")


def test_who_is_banned_keeps_their_name(ann: Person) -> None:
    Author.objects.filter(is_member=True).update(banned_at=timezone.now())

    answer = rename(ann, "Other")

    assert (answer.status, answer.code) == (403, "banned")


def test_a_name_that_a_provider_says_is_nobodys(site: Site, morgan: User) -> None:
    taken, _ = member_by_profile(site, Profile("github", "1", name="Morgan  Freely"))
    title, _ = member_by_profile(site, Profile("sso", "2", name="Admin"))
    local, _ = member_by_email(site, "admin@example.org")
    free, _ = member_by_profile(site, Profile("github", "3", name="\u202eMia\u200b"))

    assert [author.name for author in (taken, title, local, free)] == ["Guest", "Guest", "Guest", "Mia"]


@pytest.mark.one_database
def test_posts_ask_who_looks_after_the_site_once_a_minute(
    page: Page, morgan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "REMEMBER_SECONDS", 60.0)
    guest = Person("Bob", page)
    guest.post()

    def queries(of: Callable[[], object]) -> list[str]:
        with CaptureQueriesContext(connection) as asked:
            of()
        return [query["sql"] for query in asked if "auth_user" in query["sql"]]

    assert queries(guest.post) == []
    names._remembered.clear()
    assert len(queries(guest.post)) >= 1


@pytest.mark.parametrize(("wanted", "status"), [("off", 201), ("optional", 201), ("required", 400)])
def test_a_site_may_want_guests_addresses(page: Page, site: Site, wanted: str, status: int) -> None:
    Site.objects.filter(pk=site.pk).update(guest_email=wanted)

    answer = Person("Bob", page).post()

    assert answer.status == status
    if status == 400:
        assert answer.data["field_codes"] == {"email": ["required"]}


def test_an_address_that_was_typed_is_kept_and_shown_to_nobody(page: Page, site: Site) -> None:
    Site.objects.filter(pk=site.pk).update(guest_email="required")
    bob = Person("Bob", page)

    first = bob.post(email="bob@example.org")
    again = bob.post()

    assert (first.status, again.status) == (201, 201)
    author = Author.objects.get()
    assert (author.email, author.is_email_verified, author.is_member) == ("bob@example.org", False, False)
    for shown in (first.data, bob.snapshot().data, bob.look(first.data["id"]).data):
        assert "bob@example.org" not in str(shown)


def test_a_guest_who_is_asked_later_gives_it_once(page: Page, site: Site) -> None:
    bob = Person("Bob", page)
    bob.post()
    Site.objects.filter(pk=site.pk).update(guest_email="required")

    assert [bob.post().status, bob.post(email="b@example.org").status, bob.post().status] == [400, 201, 201]
    assert [author.email for author in Author.objects.all()] == ["b@example.org"]


def test_members_are_not_asked_for_an_address(ann: Person, site: Site) -> None:
    Site.objects.filter(pk=site.pk).update(guest_email="required")

    assert ann.send("POST", ann.page.path + "posts/", ann.page.comment(), OWN_PAGE).status == 201
