"""The token that ties an author to their posts."""

import pytest

from comments.identity.tokens import issue_token
from comments.models import Author, Post
from comments.sites.services import create_site
from tests.cast import API, ORIGIN, Page, Person, page_of

pytestmark = pytest.mark.django_db


def test_the_first_post_brings_a_token_and_later_ones_keep_the_author(alice: Person) -> None:
    alice.posted()
    token = alice.token
    alice.posted()

    assert token
    assert Author.objects.count() == 1
    assert Post.objects.filter(author=Author.objects.get()).count() == 2


def test_a_stranger_may_not_touch_a_post(alice: Person, mallory: Person) -> None:
    post_id = alice.posted()
    mallory.posted()

    edit, delete = mallory.edit(post_id, "Gone."), mallory.delete(post_id)

    assert (edit.status, edit.code) == (403, "not_author")
    assert (delete.status, delete.code) == (403, "not_author")
    assert alice.look(post_id).data["body"] == "Hello."


def test_nobody_without_a_token_may_touch_a_post(alice: Person, mallory: Person) -> None:
    post_id = alice.posted()

    assert mallory.edit(post_id, "Gone.").code == "not_author"
    assert mallory.delete(post_id).code == "not_author"


def test_the_source_is_for_its_author(alice: Person, mallory: Person) -> None:
    post_id = alice.posted("*Hello.*")

    assert alice.look(post_id).data["body"] == "*Hello.*"
    assert "body" not in mallory.look(post_id).data


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: "x" + token,
        lambda token: token.rpartition(":")[0],
        lambda token: "",
        lambda token: "W10:x:y",
        lambda token: "é",
        lambda token: "\x00",
        lambda token: token + "A" * 10_000,
    ],
    ids=["last letter", "first letter", "no signature", "empty", "made up", "not ASCII", "NUL", "long"],
)
def test_an_altered_token_is_no_token(spoil: object, alice: Person, mallory: Person) -> None:
    post_id = alice.posted()
    assert callable(spoil)

    answer = mallory.send(
        "PATCH",
        f"{API}posts/{post_id}/",
        {"body": "Gone."},
        {"Authorization": f"Bearer {spoil(alice.token)}"},
    )

    assert (answer.status, answer.code) == (401, "invalid_token")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_another_kind_of_authorization_is_no_token(alice: Person) -> None:
    answer = alice.send("GET", f"{API}posts/{alice.posted()}/", None, {"Authorization": "Basic YTpi"})

    assert (answer.status, answer.code) == (401, "invalid_token")


def test_a_token_of_another_site_opens_nothing_here(alice: Person, mallory: Person) -> None:
    post_id = alice.posted()
    other = page_of(create_site("other", origins=[ORIGIN], is_unlimited=True))
    mallory.posted(page=other)

    answers = [
        mallory.post(),
        mallory.look(post_id),
        mallory.edit(post_id, "Gone."),
        mallory.delete(post_id),
        mallory.vote(post_id, -1),
        mallory.flag(post_id),
    ]

    assert {(answer.status, answer.code) for answer in answers} == {(401, "invalid_token")}
    assert Post.objects.filter(thread__key=alice.page.key).count() == 1


def test_a_token_outlives_nobody(alice: Person) -> None:
    alice.posted()
    Author.objects.all().delete()

    answer = alice.post()

    assert (answer.status, answer.code) == (401, "invalid_token")


def test_a_token_is_not_taken_for_another_author_of_that_number(site_page: Page, alice: Person) -> None:
    alice.posted()
    author = Author.objects.get()
    other = create_site("other", origins=[ORIGIN])
    alice.token = issue_token(Author(pk=author.pk, site=other))

    answer = alice.post(page=site_page)

    assert (answer.status, answer.code) == (401, "invalid_token")


@pytest.fixture
def site_page(page: Page) -> Page:
    return page
