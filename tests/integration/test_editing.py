"""Editing and deleting one's own posts, while the window is open."""

from datetime import timedelta

import pytest

from comments.models import Event, Post, Thread
from comments.sites.models import Site
from tests.cast import Person

pytestmark = pytest.mark.django_db


def test_an_edit_replaces_the_text_and_says_when(alice: Person, bob: Person) -> None:
    post_id = alice.posted("Helo.")

    answer = alice.edit(post_id, "Hello, *bob*.")

    (shown,) = bob.snapshot().data["posts"]
    assert (answer.status, answer.data["body"]) == (200, "Hello, *bob*.")
    assert shown["html"] == "<p>Hello, <em>bob</em>.</p>"
    assert shown["edited"] is not None
    assert shown["seq"] == 2


def test_an_edit_is_an_event(alice: Person) -> None:
    alice.edit(alice.posted("Helo."), "Hello.")

    (event,) = alice.events(after=1).data["events"]
    assert (event["type"], event["post"], event["posts"]) == (
        "post.edited",
        alice.snapshot().data["posts"][0],
        1,
    )


def test_the_same_text_again_is_no_edit(alice: Person) -> None:
    answer = alice.edit(alice.posted("Hello."), "Hello.")

    assert (answer.status, answer.data["edited"]) == (200, None)
    assert Event.objects.count() == 1


def test_a_deleted_post_leaves_a_stub_in_its_place(alice: Person, bob: Person) -> None:
    post_id = alice.posted("Hello.")
    bob.posted("Hi.", parent=post_id)

    answer = alice.delete(post_id)

    stub, reply = bob.snapshot().data["posts"]
    assert (answer.status, answer.data) == (204, None)
    assert (stub["status"], stub["html"], stub["author"]["name"], stub["replies"]) == ("deleted", "", "", 1)
    assert reply["parent"] == stub["id"] == post_id
    assert bob.snapshot().data["thread"]["posts"] == 1


def test_a_deleted_text_is_erased(alice: Person) -> None:
    post_id = alice.posted("Hello.")

    alice.delete(post_id)

    post = Post.objects.get(pk=post_id)
    assert (post.body, post.html) == ("", "")


def test_a_delete_is_an_event(alice: Person) -> None:
    alice.delete(alice.posted())

    (event,) = alice.events(after=1).data["events"]
    assert (event["type"], event["posts"]) == ("post.deleted", 0)
    assert event["post"] == alice.snapshot().data["posts"][0]


@pytest.mark.parametrize("act", ["edit", "delete"])
def test_a_deleted_post_stays_deleted(act: str, alice: Person) -> None:
    post_id = alice.posted()
    alice.delete(post_id)

    answer = alice.edit(post_id, "Back.") if act == "edit" else alice.delete(post_id)

    assert (answer.status, answer.code) == (409, "post_deleted")
    assert Event.objects.count() == 2


@pytest.mark.parametrize("act", ["edit", "delete"])
def test_the_window_closes(act: str, alice: Person, site: Site) -> None:
    post_id = alice.posted()
    post = Post.objects.get()
    post.created -= timedelta(seconds=site.edit_window_seconds)
    post.save()

    answer = alice.edit(post_id, "Late.") if act == "edit" else alice.delete(post_id)

    assert (answer.status, answer.code) == (403, "edit_window_closed")
    assert Post.objects.get().status == Post.Status.PUBLISHED


def test_a_site_may_have_no_window_at_all(alice: Person, site: Site) -> None:
    site.edit_window_seconds = 0
    site.save()

    assert alice.edit(alice.posted(), "Late.").code == "edit_window_closed"


def test_a_moderator_may_edit_and_delete_what_is_not_theirs(alice: Person, morgan: Person) -> None:
    post_id = alice.posted()
    Post.objects.update(created=Post.objects.get().created - timedelta(days=365))

    edited, deleted = morgan.edit(post_id, "Mended."), morgan.delete(post_id)

    assert (edited.status, edited.data["body"]) == (200, "Mended.")
    assert deleted.status == 204
    assert alice.look(post_id).data["status"] == "hidden"  # "removed by a moderator"


def test_staff_who_may_not_change_posts_are_readers(alice: Person, mallory: Person, staff: object) -> None:
    post_id = alice.posted("*Hello.*")
    mallory.client.force_login(staff)  # type: ignore[arg-type]

    assert mallory.edit(post_id, "Gone.").code == "not_author"
    assert "body" not in mallory.look(post_id).data


def test_a_session_alone_changes_nothing_from_another_site(alice: Person, morgan: Person) -> None:
    post_id = alice.posted()

    answer = morgan.send("DELETE", f"/api/v1/posts/{post_id}/", headers={"Origin": "https://evil.example"})

    assert (answer.status, answer.code) == (403, "origin_not_allowed")


def test_in_a_closed_thread_only_moderators_edit(alice: Person, morgan: Person) -> None:
    post_id = alice.posted()
    Thread.objects.update(is_locked=True)

    assert alice.edit(post_id, "Late.").code == "thread_locked"
    assert morgan.edit(post_id, "Mended.").status == 200


def test_in_a_closed_thread_one_may_still_take_back_what_one_said(alice: Person) -> None:
    post_id = alice.posted()
    Thread.objects.update(is_locked=True)

    assert alice.delete(post_id).status == 204


@pytest.fixture
def staff(django_user_model: type) -> object:
    return django_user_model.objects.create_user("mallory", is_staff=True)  # type: ignore[attr-defined]
