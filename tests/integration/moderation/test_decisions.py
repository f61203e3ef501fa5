"""What moderators decide, what becomes of it for readers, and how it is taken back."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.utils import timezone

from comments.models import Action, Author, ErasedText, Post
from tests.cast import Person, page_of
from tests.integration.moderation.conftest import Appoint, Moderator

pytestmark = pytest.mark.django_db


def kinds(reader: Person, after: int = 0) -> list[str]:
    return [event["type"] for event in reader.events(after=after).data["events"]]


def shown(reader: Person) -> list[tuple[int, str, str]]:
    return [(post["id"], post["status"], post["html"]) for post in reader.snapshot().data["posts"]]


def test_a_held_post_waits_and_is_approved(morgan: Moderator, writer: Person) -> None:
    held = writer.posted("Held.")

    assert morgan.listed() == [held]
    assert morgan.results("approve", held) == ["done"]
    assert morgan.listed() == []
    assert shown(writer) == [(held, "published", "<p>Held.</p>")]
    assert kinds(writer) == ["post.approved"]


def test_an_approval_is_taken_back_live(morgan: Moderator, writer: Person) -> None:
    held = writer.posted("Held.")
    batch = morgan.decide("approve", held).data["batch"]

    undone = morgan.act("undo", batch=batch)

    assert [outcome["result"] for outcome in undone.data["results"]] == ["done"]
    assert undone.data["counts"]["pending"] == 1
    assert shown(Person("bob", writer.page)) == [(held, "hidden", "")]
    assert kinds(writer) == ["post.approved", "post.hidden"]
    assert writer.look(held).data["status"] == "pending"


def test_undoing_twice_does_it_once(morgan: Moderator, writer: Person) -> None:
    batch = morgan.decide("approve", writer.posted()).data["batch"]
    morgan.act("undo", batch=batch)

    again = morgan.act("undo", batch=batch)

    assert [outcome["result"] for outcome in again.data["results"]] == ["unchanged"]
    assert kinds(writer) == ["post.approved", "post.hidden"]


def test_a_deletion_is_taken_back_with_its_text(morgan: Moderator, writer: Person) -> None:
    held = writer.posted("Precious.")
    morgan.decide("approve", held)
    batch = morgan.decide("delete", held).data["batch"]
    assert Post.objects.get(pk=held).body == ""

    morgan.act("undo", batch=batch)

    assert shown(writer) == [(held, "published", "<p>Precious.</p>")]
    assert not ErasedText.objects.exists()


def test_nobody_else_and_nobody_later_takes_it_back(
    morgan: Moderator, maxine: Moderator, writer: Person
) -> None:
    held = writer.posted()
    batch = morgan.decide("approve", held).data["batch"]

    assert maxine.act("undo", batch=batch).data["results"] == []
    old = timezone.now() - timedelta(minutes=1)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE comments_action DISABLE TRIGGER append_only")
    Action.objects.update(created=old)
    assert morgan.act("undo", batch=batch).data["results"] == []
    assert Post.objects.get(pk=held).status == "published"


def test_the_first_of_two_wins_and_the_other_is_told(
    morgan: Moderator, maxine: Moderator, writer: Person
) -> None:
    held = writer.posted()
    morgan.decide("approve", held, seen={str(held): "pending"})

    late = maxine.decide("spam", held, seen={str(held): "pending"}).data["results"]

    assert late == [{"id": held, "result": "conflict", "status": "published", "by": "morgan"}]
    assert Post.objects.get(pk=held).status == "published"


def test_what_somebody_decided_since_is_not_undone(
    morgan: Moderator, maxine: Moderator, writer: Person
) -> None:
    held = writer.posted()
    batch = morgan.decide("approve", held).data["batch"]
    maxine.decide("spam", held)

    undone = morgan.act("undo", batch=batch).data["results"]

    assert [(outcome["result"], outcome["by"]) for outcome in undone] == [("conflict", "maxine")]
    assert Post.objects.get(pk=held).status == "spam"


def test_a_claim_keeps_others_off_until_they_take_it_over(
    morgan: Moderator, maxine: Moderator, writer: Person
) -> None:
    held = writer.posted()
    assert morgan.act("claims", ids=[held]).data == {"claims": {str(held): "morgan"}}

    assert maxine.act("claims", ids=[held]).data == {"claims": {str(held): "morgan"}}
    assert maxine.results("reject", held) == ["claimed"]
    assert maxine.queue().data["posts"][0]["claim"]["by"] == "morgan"

    assert maxine.act("claims", ids=[held], take_over=True).data == {"claims": {str(held): "maxine"}}
    assert maxine.results("reject", held) == ["done"]
    assert maxine.act("releases", ids=[held]).status == 204


def test_a_reply_approved_with_its_parent_is_counted(morgan: Moderator, writer: Person) -> None:
    parent = writer.posted("Parent.")
    morgan.decide("approve", parent)
    replies = [writer.posted(f"Reply {number}.", parent=parent) for number in range(3)]

    assert morgan.results("approve", *replies) == ["done"] * 3

    events = writer.events(after=1).data["events"]
    assert [event["parent_replies"] for event in events] == [1, 2, 3]
    assert [event["posts"] for event in events] == [2, 3, 4]
    assert writer.snapshot().data["posts"][0]["replies"] == 3


def test_a_reported_post_is_kept_by_approving_it(morgan: Moderator, writer: Person) -> None:
    post = writer.posted()
    morgan.decide("approve", post)
    reporter = Person("bob", writer.page)
    reporter.flag(post, reason="Rude.")
    assert morgan.listed("reported") == [post]
    assert morgan.queue("reported").data["posts"][0]["flags"][0]["reason"] == "Rude."

    batch = morgan.decide("approve", post).data["batch"]
    assert morgan.listed("reported") == []
    assert kinds(writer) == ["post.approved"]

    morgan.act("undo", batch=batch)
    assert morgan.listed("reported") == [post]


def test_a_moderator_of_another_site_changes_nothing(appoint: Appoint, site, writer: Person) -> None:  # type: ignore[no-untyped-def]
    stranger = appoint("mallory", site)
    held = writer.posted()

    assert stranger.results("approve", held) == ["gone"]
    assert stranger.listed() == stranger.listed(id=[held]) == []
    assert stranger.queue().data["counts"]["pending"] == 0
    assert Post.objects.get(pk=held).status == "pending"


def test_who_was_removed_is_refused_at_once(morgan: Moderator, writer: Person) -> None:
    held = writer.posted()
    morgan.user.groups.clear()

    assert morgan.decide("approve", held).code == "refused"
    assert morgan.queue().status == 403
    assert Post.objects.get(pk=held).status == "pending"


def test_a_role_that_ends_in_the_middle_leaves_the_rest_alone(
    morgan: Moderator, writer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = writer.posted()
    second = writer.posted(page=page_of(Post.objects.get().site, "second"))
    asked = iter([True, False])
    monkeypatch.setattr("comments.moderation.services.may", lambda *_: next(asked))

    assert morgan.results("approve", first, second) == ["done", "gone"]
    assert [Post.objects.get(pk=pk).status for pk in (first, second)] == ["published", "pending"]


def test_a_ban_keeps_its_author_out_and_is_taken_back(morgan: Moderator, writer: Person) -> None:
    held = writer.posted()
    batch = morgan.act("bans", post=held, days=7, reason="Insults.").data["batch"]

    assert writer.post().code == "banned"
    assert Post.objects.get(pk=held).status == "hidden"

    morgan.act("undo", batch=batch)
    assert writer.post().status == 201
    assert Post.objects.get(pk=held).status == "pending"
    assert not Author.objects.get(name="alice").is_banned(timezone.now())


def test_a_shadow_ban_shows_posts_to_their_author_alone(morgan: Moderator, writer: Person) -> None:
    held = writer.posted()
    morgan.act("bans", post=held, is_shadow=True, posts="keep")

    answer = writer.post("Buy my watches.")

    assert (answer.status, answer.data["status"]) == (201, "published")
    assert writer.look(answer.data["id"]).data["html"] == "<p>Buy my watches.</p>"
    assert Person("bob", writer.page).look(answer.data["id"]).code == "unknown_post"
    assert shown(writer) == []
    assert morgan.listed("shadowed") == [answer.data["id"]]
    assert writer.post("To myself.", parent=answer.data["id"]).data["status"] == "published"


def test_pinning_featuring_and_replying_are_live(morgan: Moderator, writer: Person) -> None:
    post = writer.posted()
    morgan.decide("approve", post)

    assert morgan.act("pins", id=post).status == 204
    assert morgan.act("features", id=post).status == 204
    reply = morgan.act("replies", id=post, body="Thank you.")

    assert kinds(writer, after=1) == ["thread.pinned", "post.featured", "post.created"]
    assert (reply.status, reply.data["author"]["badge"]) == (201, "moderator")
    posts = writer.snapshot().data["posts"]
    assert [(post["author"].get("badge"), post.get("featured")) for post in posts] == [
        (None, True),
        ("moderator", None),
    ]


def test_what_was_done_is_written_down_and_stays(morgan: Moderator, writer: Person) -> None:
    held = writer.posted()
    morgan.decide("reject", held, reason="Off topic.")

    row = Action.objects.get()
    assert (row.kind, row.by, row.reason, row.post_id) == ("reject", "morgan", "Off topic.", held)
    assert (row.before["status"], row.after["status"]) == ("pending", "hidden")
    with pytest.raises(TypeError):
        row.delete()
    if connection.vendor == "postgresql":
        with pytest.raises(DatabaseError), transaction.atomic():
            Action.objects.all().delete()
