"""Votes, flags and previews."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from comments.models import Author, Event, Flag, Post, Vote
from comments.moderation.services import hide_post
from comments.sites.models import Site
from tests.cast import Person

pytestmark = pytest.mark.django_db


def test_a_vote_is_counted(alice: Person, bob: Person) -> None:
    answer = bob.vote(alice.posted(), 1)

    assert (answer.status, answer.data) == (200, {"score": 1, "up": 1, "down": 0, "value": 1})


def test_a_vote_may_be_changed_and_taken_back(alice: Person, bob: Person) -> None:
    post_id = alice.posted()

    told = [bob.vote(post_id, value).data for value in (1, -1, 0)]

    assert [(vote["score"], vote["up"], vote["down"]) for vote in told] == [(1, 1, 0), (-1, 0, 1), (0, 0, 0)]
    assert not Vote.objects.exists()


def test_the_same_vote_twice_counts_once(alice: Person, bob: Person) -> None:
    post_id = alice.posted()
    bob.vote(post_id, 1)

    assert bob.vote(post_id, 1).data["up"] == 1
    assert Vote.objects.count() == 1


def test_votes_of_many_add_up(alice: Person, bob: Person, mallory: Person) -> None:
    post_id = alice.posted()
    bob.vote(post_id, 1)
    mallory.vote(post_id, -1)

    (post,) = alice.snapshot().data["posts"]
    assert (post["score"], post["up"], post["down"]) == (0, 1, 1)


def test_a_vote_takes_no_number(alice: Person, bob: Person) -> None:
    bob.vote(alice.posted(), 1)

    assert alice.head().data["seq"] == 1
    assert Event.objects.count() == 1


def test_a_voter_gets_a_token_and_votes_once(alice: Person, bob: Person) -> None:
    post_id = alice.posted()
    bob.vote(post_id, 1)
    token = bob.token
    bob.vote(post_id, -1)

    assert token
    assert Author.objects.count() == 2


def test_a_voter_may_post_under_a_name(alice: Person, bob: Person) -> None:
    bob.vote(alice.posted(), 1)

    assert bob.post().data["author"]["name"] == "bob"
    assert Author.objects.count() == 2


def test_nobody_votes_on_their_own_post(alice: Person) -> None:
    answer = alice.vote(alice.posted(), 1)

    assert (answer.status, answer.code) == (403, "own_post")
    assert not Vote.objects.exists()


@pytest.mark.parametrize("removed_by", ["author", "moderator"])
def test_nobody_votes_on_or_flags_a_stub(removed_by: str, alice: Person, bob: Person) -> None:
    post = Post.objects.get(pk=alice.posted())
    if removed_by == "author":
        alice.delete(post.pk)
    else:
        hide_post(post, now=post.created)

    for answer in (bob.vote(post.pk, 1), bob.flag(post.pk)):
        assert (answer.status, answer.code) == (409, "post_deleted")
    assert not Vote.objects.exists()
    assert Author.objects.count() == 1


def test_a_site_may_have_no_votes(alice: Person, bob: Person, site: Site) -> None:
    post_id = alice.posted()
    site.has_votes = False
    site.save()

    answer = bob.vote(post_id, 1)

    assert (answer.status, answer.code) == (403, "votes_off")
    assert Author.objects.count() == 1


def test_a_vote_changes_the_rank(alice: Person, bob: Person) -> None:
    disliked, liked = alice.posted("one"), alice.posted("two")
    bob.vote(liked, 1)
    bob.vote(disliked, -1)

    assert [post["id"] for post in alice.snapshot(sort="best").data["posts"]] == [liked, disliked]


def test_a_flag_reaches_the_moderators_and_no_reader(alice: Person, bob: Person) -> None:
    post_id = alice.posted()
    before = alice.snapshot().data

    answer = bob.flag(post_id, reason="An advertisement.")

    assert answer.status == 204
    assert Flag.objects.get().reason == "An advertisement."
    assert alice.snapshot().data == before


def test_a_second_flag_replaces_the_first(alice: Person, bob: Person) -> None:
    post_id = alice.posted()
    bob.flag(post_id, reason="An advertisement.")
    bob.flag(post_id)

    assert Flag.objects.get().reason == ""


def test_a_preview_is_what_the_post_will_be(alice: Person) -> None:
    body = "Hello, *world*.\n\n> quoted <b>x</b>"

    assert alice.preview(body).data == {"html": alice.post(body).data["html"]}


def test_a_preview_asks_the_database_nothing(alice: Person) -> None:
    with CaptureQueriesContext(connection) as queries:
        alice.preview("Hello.")

    assert len(queries) == 0
