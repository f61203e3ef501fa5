"""A usual post is one statement on PostgreSQL, and the same post and event as by the several of SQLite."""

from typing import Any

import pytest
from django.db import connection

from comments.events.shapes import compact_json, post_shape
from comments.models import Author, Event, Post, Thread
from comments.posting import adding, services
from tests.cast import Person

pytestmark = pytest.mark.django_db

TEXTS = [
    "Plain.",
    'Quoted "so" and \\ so.',
    "100 % {braces} $1 %s",
    "Zeilen\n\n- ümläut 👩‍👩‍👧 \u2028",
    "'; DROP TABLE x; --",
]


@pytest.fixture
def several(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The bodies of the posts that took several statements."""
    bodies: list[str] = []
    add = adding.add_to_thread

    def noted(post: Post, *arguments: Any, **named: Any) -> None:
        bodies.append(post.body)
        add(post, *arguments, **named)

    monkeypatch.setattr(services, "add_to_thread", noted)
    return bodies


def told(post_id: int, *, parent_replies: int | None) -> str:
    """The event of a post that has just been made."""
    post = Post.objects.get(pk=post_id)
    event = {"seq": post.seq, "type": "post.created", "posts": Thread.objects.get().posts}
    return compact_json(event | {"post": post_shape(post), "parent_replies": parent_replies})


@pytest.mark.parametrize("text", TEXTS)
def test_the_event_is_the_posts_public_json(
    text: str, alice: Person, bob: Person, several: list[str]
) -> None:
    first = alice.posted("The first makes the thread.")

    for parent, replies in ((None, None), (first, 1), (first, 2)):
        post_id = bob.posted(text, parent=parent)

        assert Event.objects.latest("seq").data == told(post_id, parent_replies=replies)
    assert several == ["The first makes the thread."] + (
        [] if connection.vendor == "postgresql" else [text.strip()] * 3
    )


def test_replies_at_any_depth_take_their_places_in_the_branch(alice: Person, bob: Person) -> None:
    root = alice.posted("root")
    child = bob.posted("child", parent=root)
    grandchild = alice.posted("grandchild", parent=child)
    second = bob.posted("second child", parent=root)

    places = Post.objects.order_by("pk").values_list(
        "pk", "root_id", "branch_index", "branch_size", "replies"
    )
    assert list(places) == [
        (root, None, None, 3, 2),
        (child, root, 1, 0, 1),
        (grandchild, root, 2, 0, 0),
        (second, root, 3, 0, 0),
    ]


def test_a_guest_becomes_an_author_once(alice: Person) -> None:
    alice.posted("The first makes the thread.")
    alice.posted("The second is a usual one.")
    alice.token = ""
    alice.posted("Somebody else, as far as anybody knows.")

    assert [post.author_id for post in Post.objects.order_by("pk")] == [
        *[Author.objects.order_by("pk")[0].pk] * 2,
        Author.objects.order_by("pk")[1].pk,
    ]
    assert Author.objects.count() == 2
