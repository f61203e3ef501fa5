"""What the page of the queue needs of the moderators' calls."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from comments.models import Action, Site
from tests.cast import API, Answer, Person
from tests.integration.moderation.conftest import Moderator

pytestmark = pytest.mark.django_db


def test_a_whole_queue_is_named_in_brief(morgan: Moderator, writer: Person) -> None:
    held = [writer.posted(f"Held {number}.") for number in range(3)]

    answer = morgan.queue(brief="true", limit=2)

    assert [post["id"] for post in answer.data["posts"]] == [held[2], held[1]]
    assert set(answer.data["posts"][0]) == {"id", "status", "created"}
    rest = morgan.queue(brief="true", limit=2_000, cursor=answer.data["next"])
    assert [post["id"] for post in rest.data["posts"]] == [held[0]]
    assert morgan.queue(limit=201).code == "invalid"


def test_being_logged_out_is_another_thing_than_being_refused(morgan: Moderator) -> None:
    assert Person("nobody", morgan.page).get(f"{API}moderation/posts/").code == "logged_out"
    User.objects.filter(pk=morgan.user.pk).update(is_staff=False)

    assert morgan.queue().code == "refused"


def test_a_reply_that_is_sent_again_is_one_reply(morgan: Moderator, writer: Person) -> None:
    post = writer.posted()
    morgan.decide("approve", post)
    key = str(uuid4())

    def reply() -> Answer:
        told = {"id": post, "body": "Thanks."}
        return morgan.send("POST", f"{API}moderation/replies/", told, {"Idempotency-Key": key})

    first, again = reply(), reply()

    assert (first.status, again.status) == (201, 200)
    assert first.data["id"] == again.data["id"]
    assert Action.objects.filter(kind=Action.Kind.REPLY).count() == 1


def test_moderators_hear_that_a_reported_post_was_edited_or_deleted(
    morgan: Moderator, writer: Person, strict_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = writer.posted()
    morgan.decide("approve", post)
    strict_site.moderation = Site.Moderation.POST
    strict_site.save()
    Person("bob", writer.page).flag(post, reason="Rude.")
    heard: list[object] = []
    monkeypatch.setattr("comments.posting.services.tell_moderators", lambda _, news: heard.append(news))

    writer.edit(post, "Better.")
    writer.delete(post)

    assert heard == [{"changed": [post]}] * 2
