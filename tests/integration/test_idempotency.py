"""The same Idempotency-Key means the same post."""

from uuid import uuid4

import pytest

from comments.models import Author, Event, Post
from comments.sites.models import Site
from tests.cast import Person, page_of

pytestmark = pytest.mark.django_db


def test_the_same_request_again_makes_nothing_new(alice: Person) -> None:
    key = uuid4()
    first = alice.post("Hello.", idempotency_key=key)

    again = alice.post("Hello.", idempotency_key=key)

    assert (first.status, again.status) == (201, 200)
    assert again.data == first.data
    assert (Post.objects.count(), Event.objects.count(), Author.objects.count()) == (1, 1, 1)


def test_a_browser_that_never_got_its_answer_gets_its_token_again(alice: Person) -> None:
    key = uuid4()
    alice.post("Hello.", idempotency_key=key)
    alice.token = ""

    again = alice.post("Hello.", idempotency_key=key)

    assert again.status == 200
    assert alice.edit(again.data["id"], "Hello again.").status == 200


@pytest.mark.parametrize("but", [{"body": "Bye."}, {"name": "bob"}, {"email": "a@b.example"}, {"parent": 1}])
def test_another_post_under_the_same_key_is_refused(but: dict[str, object], alice: Person) -> None:
    key = uuid4()
    alice.post(idempotency_key=key)

    told = {"body": "Hello.", "name": "alice", "page": alice.page.named()} | but
    answer = alice.send("POST", alice.page.path + "posts/", told, {"Idempotency-Key": str(key)})

    assert (answer.status, answer.code) == (422, "idempotency_key_reused")
    assert Post.objects.count() == 1


def test_a_key_belongs_to_one_thread(alice: Person, site: Site) -> None:
    key = uuid4()
    first = alice.post(idempotency_key=key)

    elsewhere = alice.post(idempotency_key=key, page=page_of(site, "second"))

    assert elsewhere.status == 201
    assert elsewhere.data["id"] != first.data["id"]


def test_without_a_key_the_same_text_is_two_posts(alice: Person) -> None:
    alice.posted("Hello.")
    alice.posted("Hello.")

    assert Post.objects.count() == 2


def test_a_key_that_is_no_uuid_is_refused(alice: Person) -> None:
    answer = alice.post(idempotency_key="first")

    assert (answer.status, answer.code) == (400, "invalid")
    assert "Idempotency-Key" in answer.data["fields"]
    assert not Post.objects.exists()


def test_the_post_is_found_again_where_it_was_deleted_meanwhile(alice: Person) -> None:
    key = uuid4()
    first = alice.post(idempotency_key=key)
    alice.delete(first.data["id"])

    again = alice.post(idempotency_key=key)

    assert (again.status, again.data["status"], again.data["body"]) == (200, "deleted", "")
