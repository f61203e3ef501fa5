"""By what a reader's browser tells the authors of a site apart, and nothing that tells more."""

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.utils.http import urlencode

from comments.models import Author, Event, Post, Site
from tests.cast import Page, Person, page_of

pytestmark = pytest.mark.django_db


def keys_in(posts: list[dict[str, Any]]) -> list[str | None]:
    """In the posts' order of arrival."""
    return [post["author"].get("key") for post in sorted(posts, key=lambda post: int(post["id"]))]


def test_all_posts_of_an_author_have_one_key_everywhere(page: Page, alice: Person, bob: Person) -> None:
    """The first makes the thread step by step; the others take, on PostgreSQL, one statement."""
    answers = [alice.post("First."), alice.post("Second."), bob.post("Of a new guest.")]
    answers.append(bob.post("Of a known one.", parent=answers[0].data["id"]))
    elsewhere = Page(page.site, "second")
    answers.append(alice.post("On another page.", page=elsewhere))

    told = keys_in([answer.data for answer in answers])

    alice_key, bob_key = Author.objects.order_by("pk").values_list("public_key", flat=True)
    assert told == [alice_key, alice_key, bob_key, bob_key, alice_key]
    assert alice_key != bob_key
    assert all(re.fullmatch("[a-z2-7]{12}", key) for key in (alice_key, bob_key))
    assert keys_in(alice.snapshot().data["posts"]) == told[:4]
    assert keys_in([event["post"] for event in alice.events(after=0).data["events"]]) == told[:4]
    assert list(Post.objects.order_by("pk").values_list("author_key", flat=True)) == told


def test_a_key_outlives_an_edit_and_is_gone_with_the_post(alice: Person) -> None:
    post_id = alice.posted("Before.")
    (key,) = Author.objects.values_list("public_key", flat=True)

    edited = alice.edit(post_id, "After.")
    alice.delete(post_id)

    events = [json.loads(event.data)["post"]["author"] for event in Event.objects.order_by("seq")]
    assert edited.data["author"]["key"] == key
    assert [author.get("key") for author in events] == [key, key, None]
    assert keys_in(alice.snapshot().data["posts"]) == [None]


def test_who_only_voted_before_keeps_the_key_of_then(alice: Person, bob: Person) -> None:
    bob.vote(alice.posted(), 1)
    key = Author.objects.latest("pk").public_key

    assert bob.post("Now a post.").data["author"]["key"] == key


def test_another_site_calls_the_same_browser_otherwise(page: Page, alice: Person) -> None:
    other = Site.objects.create(key="other", origins=["https://blog.example.org"], is_unlimited=True)
    here = alice.post("Here.").data["author"]["key"]

    there = Person("alice", page_of(other)).post("There.").data["author"]["key"]

    assert here != there


def test_a_post_without_an_author_has_none(alice: Person) -> None:
    post_id = alice.posted()
    Post.objects.filter(pk=post_id).update(author=None, author_key="")

    assert alice.look(post_id).data["author"] == {"name": "alice", "avatar": None}


def test_a_post_that_nobody_can_mute_offers_it_not(page: Page, alice: Person) -> None:
    old, new = alice.posted("Of nobody."), alice.posted("Of alice.")
    Post.objects.filter(pk=old).update(author_key="")
    query = urlencode({"url": page.url, "page_id": page.page_id})

    html = Client().get(f"/embed/{page.site}/?{query}").content.decode()

    buttons = dict(re.findall(r'<article [^>]*id="kibitz-(\d+)".*?data-act="mute"( hidden)?>', html))
    assert buttons == {str(old): " hidden", str(new): ""}
