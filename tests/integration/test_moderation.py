"""Holding, approving and hiding posts."""

import pytest
from django.utils import timezone

from comments.errors import Invalid, UnknownPost
from comments.models import Event, Post, Site, Thread
from comments.moderation.services import approve_post, hide_post
from comments.threads.services import pin
from tests.cast import Person, page_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def strict_site(limited_site: Site) -> Site:
    """A site that approves first."""
    limited_site.moderation = Site.Moderation.PRE
    limited_site.save()
    return limited_site


@pytest.fixture
def writer(strict_site: Site) -> Person:
    return Person("alice", page_of(strict_site))


def approve(post_id: int) -> bool:
    return approve_post(Post.objects.get(pk=post_id), now=timezone.now())


def hide(post_id: int) -> bool:
    return hide_post(Post.objects.get(pk=post_id), now=timezone.now())


def test_a_held_post_is_its_authors_alone(writer: Person) -> None:
    answer = writer.post()

    stranger = Person("bob", writer.page)
    assert (answer.status, answer.data["status"], answer.data["seq"]) == (201, "pending", 0)
    assert writer.look(answer.data["id"]).data["body"] == "Hello."
    assert stranger.look(answer.data["id"]).code == "unknown_post"
    assert stranger.snapshot().data["posts"] == []


def test_a_held_post_takes_no_number_and_counts_for_nothing(writer: Person) -> None:
    writer.posted()

    thread = writer.snapshot().data["thread"]
    assert (writer.head().data["seq"], thread["posts"]) == (0, 0)
    assert not Event.objects.exists()


def test_a_held_post_may_be_edited_and_deleted_unseen(writer: Person) -> None:
    kept, gone = writer.posted(), writer.posted()

    assert writer.edit(kept, "Mended.").data["body"] == "Mended."
    assert writer.delete(gone).status == 204
    assert writer.head().data["seq"] == 0
    assert not approve(gone)


def test_nobody_replies_to_votes_on_or_flags_a_held_post(writer: Person) -> None:
    post_id = writer.posted()
    bob = Person("bob", writer.page)

    assert (bob.post(parent=post_id).status, bob.post(parent=post_id).code) == (400, "unknown_parent")
    for answer in (bob.vote(post_id, 1), bob.flag(post_id), writer.flag(post_id)):
        assert (answer.status, answer.code) == (404, "unknown_post")


def test_an_approved_post_turns_public_with_an_event(writer: Person) -> None:
    post_id = writer.posted()

    assert approve(post_id)

    (event,) = writer.events(after=0).data["events"]
    assert (event["type"], event["posts"], event["post"]["status"]) == ("post.approved", 1, "published")
    assert event["post"] == writer.snapshot().data["posts"][0]


def test_an_approved_reply_counts_at_its_parent(writer: Person) -> None:
    root = writer.posted()
    approve(root)
    reply = writer.posted(parent=root)
    before = writer.snapshot().data["posts"]

    approve(reply)

    after = writer.snapshot().data["posts"]
    assert [post["replies"] for post in before] == [0]
    assert [(post["id"], post["replies"]) for post in after] == [(root, 1), (reply, 0)]
    assert writer.events(after=1).data["events"][0]["parent_replies"] == 1


def test_a_site_without_limits_holds_nothing(strict_site: Site, writer: Person) -> None:
    strict_site.is_unlimited = True
    strict_site.save()

    assert writer.post().data["status"] == "published"


def test_a_hidden_post_leaves_a_stub_and_comes_back_whole(alice: Person, bob: Person) -> None:
    post_id = alice.posted()
    bob.vote(post_id, 1)
    before = alice.snapshot().data["posts"][0]

    assert hide(post_id)
    stub = alice.snapshot().data
    assert approve(post_id)
    after = alice.snapshot().data

    assert (stub["posts"][0]["status"], stub["posts"][0]["html"], stub["thread"]["posts"]) == (
        "hidden",
        "",
        0,
    )
    assert after["posts"][0] == before | {"seq": 3}
    assert after["thread"]["posts"] == 1
    assert [event["type"] for event in alice.events(after=1).data["events"]] == [
        "post.hidden",
        "post.approved",
    ]


def test_a_hidden_reply_still_counts_as_a_stub(alice: Person, bob: Person) -> None:
    root = alice.posted()
    reply = bob.posted(parent=root)

    hide(reply)
    hidden = alice.snapshot().data["posts"][0]["replies"]
    approve(reply)

    assert (hidden, alice.snapshot().data["posts"][0]["replies"]) == (1, 1)
    assert alice.events(after=3).data["events"][0]["parent_replies"] is None


def test_a_held_post_may_be_hidden_unseen(writer: Person) -> None:
    post_id = writer.posted()

    assert hide(post_id)

    assert writer.head().data["seq"] == 0
    assert writer.snapshot().data["posts"] == []
    assert approve(post_id)
    assert writer.head().data["seq"] == 1


def test_what_is_so_already_is_left_alone(alice: Person) -> None:
    published, hidden, deleted = alice.posted(), alice.posted(), alice.posted()
    hide(hidden)
    alice.delete(deleted)
    seq = alice.head().data["seq"]

    assert [approve(published), hide(hidden), approve(deleted), hide(deleted)] == [False] * 4
    assert alice.head().data["seq"] == seq


def test_an_author_may_not_touch_what_a_moderator_hid(alice: Person) -> None:
    post_id = alice.posted()
    hide(post_id)

    assert alice.edit(post_id, "Back.").code == "post_deleted"
    assert alice.delete(post_id).code == "post_deleted"


@pytest.mark.parametrize("removed_by", ["author", "moderator"])
def test_a_pinned_post_that_goes_is_unpinned(removed_by: str, alice: Person) -> None:
    post = Post.objects.get(pk=alice.posted())
    pin(Thread.objects.get(), post, now=timezone.now())

    if removed_by == "author":
        alice.delete(post.pk)
    else:
        hide(post.pk)

    kinds = [event["type"] for event in alice.events(after=2).data["events"]]
    assert kinds == ["thread.unpinned", "post.deleted" if removed_by == "author" else "post.hidden"]
    assert alice.snapshot().data["thread"]["pinned"] is None


def test_only_a_published_root_of_the_thread_is_pinned(alice: Person, bob: Person, site: Site) -> None:
    root = alice.posted()
    reply, hidden = bob.posted(parent=root), alice.posted()
    elsewhere = alice.posted(page=page_of(site, "second"))
    hide(hidden)
    thread, now = Thread.objects.get(key=alice.page.key), timezone.now()

    with pytest.raises(Invalid):
        pin(thread, Post.objects.get(pk=reply), now=now)
    for post_id in (hidden, elsewhere):
        with pytest.raises(UnknownPost):
            pin(thread, Post.objects.get(pk=post_id), now=now)
    assert alice.snapshot().data["thread"]["pinned"] is None
