"""A member takes a way in away, and is told of what changed."""

import pytest
from django.utils import timezone
from pytest_django import Settings

from comments.identity.members import Profile, add_identity, member_by_profile
from comments.identity.models import Identity, Session
from comments.mail.models import Mail
from comments.mail.server import DEVELOPMENT
from comments.signin.models import Passkey, SiteSignIn
from comments.sites.models import Site
from comments.sites.services import create_site
from tests.cast import ORIGIN, Page, page_of
from tests.integration.signin.member import WAYS, Member, providers_of
from tests.integration.test_concurrency import all_at_once


def test_a_way_is_removed_and_whoever_came_in_by_it_is_out(ann: Member, page: Page) -> None:
    ann.adds()
    thief, by_code = Member(ann.author, page, "passkey"), Member(ann.author, page)

    answer = ann.removes(Identity.objects.get().pk)

    assert (answer.status, answer.data["ways"]) == (200, [])
    left = set(Session.objects.values_list("pk", flat=True))
    assert left == {ann.session.pk, by_code.session.pk}
    assert thief.asks("GET", WAYS).code == "signed_out"


def test_the_session_that_removes_stays(bea: Member) -> None:
    add_identity(bea.author, "passkey", "another")

    assert bea.removes(bea.author.identities.latest("pk").pk).status == 200
    assert bea.ways()["email"] == ""


@pytest.mark.one_database
def test_a_removed_passkey_is_forgotten_where_no_other_site_knows_it(ann: Member, bea: Member) -> None:
    now = timezone.now()
    for handle in ("ann's", "both's"):
        Passkey.objects.create(handle=handle, credential_id=handle, credential="", created=now, used=now)
        add_identity(ann.author, "passkey", handle)
    other = create_site("other", origins=[ORIGIN], is_unlimited=True)
    member_by_profile(other, Profile("passkey", "both's", "Ann"))

    for identity in list(ann.author.identities.all()):
        ann.removes(identity.pk)

    assert list(Passkey.objects.values_list("handle", flat=True)) == ["both's"]
    assert Identity.objects.filter(site=other).exists()


def test_anothers_way_is_not_found(ann: Member, bea: Member) -> None:
    pk = Identity.objects.get(author=bea.author).pk

    assert ann.removes(pk).code == "not_found"
    assert ann.removes(10**17).code == "not_found"
    assert Identity.objects.filter(pk=pk).exists()


def test_the_last_way_stays(bea: Member) -> None:
    answer = bea.removes(Identity.objects.get().pk)

    assert (answer.status, answer.code) == (409, "last_way")
    assert providers_of(bea.author) == ["passkey"]


@pytest.mark.one_database
@pytest.mark.parametrize(("has_codes", "code"), [(True, ""), (False, "last_way")])
def test_an_address_counts_where_codes_are_sent(ann: Member, site: Site, has_codes: bool, code: str) -> None:
    ann.adds()
    SiteSignIn.objects.create(site=site, has_codes=has_codes)

    answer = ann.removes(Identity.objects.get().pk)

    assert (answer.data.get("code", ""), answer.status) == (code, 409 if code else 200)


@pytest.mark.one_database
def test_an_address_does_not_count_where_no_mail_reaches_it(ann: Member, settings: Settings) -> None:
    ann.adds()
    settings.EMAIL_BACKEND, settings.PUBLIC_URL = DEVELOPMENT, "https://comments.example.org"

    assert ann.removes(Identity.objects.get().pk).code == "last_way"


@pytest.mark.one_database
def test_a_provider_that_the_site_offers_no_more_does_not_count(bea: Member) -> None:
    add_identity(bea.author, "github", "bea")

    assert bea.removes(bea.author.identities.get(provider="passkey").pk).code == "last_way"
    assert bea.removes(bea.author.identities.get(provider="github").pk).status == 200


@pytest.mark.one_database
def test_the_sites_own_sign_in_is_the_sites(ann: Member) -> None:
    add_identity(ann.author, "sso", "7")

    assert ann.removes(Identity.objects.get().pk).code == "refused"


@pytest.mark.django_db(transaction=True)
def test_of_removals_at_once_one_way_is_left(shared_database: None) -> None:
    page = page_of(create_site("blog", origins=[ORIGIN], is_unlimited=True))
    author, _ = member_by_profile(Site.objects.get(), Profile("passkey", "0", "Bea"))
    for number in range(1, 4):
        add_identity(author, "passkey", str(number))
    ids = list(author.identities.values_list("pk", flat=True))
    browsers = [Member(author, page, "code") for _ in ids]

    answers = all_at_once(4, lambda number: browsers[number].removes(ids[number]))

    assert sorted(answer.status for answer in answers) == [200, 200, 200, 409]
    assert Identity.objects.count() == 1


def test_the_member_is_told_by_mail(ann: Member) -> None:
    ann.adds()
    answer = ann.removes(Identity.objects.get().pk)

    added, removed = Mail.objects.order_by("created")
    assert answer.status == 200
    assert (added.template, removed.template) == ("way_added", "way_removed")
    assert {mail.to for mail in (added, removed)} == {"ann@example.org"}
    assert (added.context["way"], added.context["site"]) == ("a passkey", "The blog")


@pytest.mark.one_database
def test_they_are_told_in_their_language(ann: Member) -> None:
    ann.adds()

    ann.asks("DELETE", f"{WAYS}{Identity.objects.get().pk}/?lang=de-AT")

    assert Mail.objects.latest("created").language == "de"


@pytest.mark.one_database
def test_who_has_no_address_is_not_told(bea: Member) -> None:
    assert bea.adds().status == 200

    assert not Mail.objects.exists()


@pytest.mark.one_database
def test_rates_hold_here_too(bea: Member, ann: Member) -> None:
    answers = [ann.removes(1) for _ in range(11)]

    assert [answer.status for answer in answers] == [404] * 10 + [429]
