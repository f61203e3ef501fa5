"""Writes down what a moderator does, in the transaction that does it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID, uuid4

from django.contrib.auth.models import User

from comments.audit.models import Action


class PostRow(Protocol):
    """What is written down of a post; comments.threads.models.Post is one."""

    pk: int
    site_id: int
    author_id: int | None
    thread_id: int


@dataclass(frozen=True, slots=True)
class Gesture:
    """What somebody does at one moment: everything that one click or key changes, and is undone by one."""

    by: User | None
    now: datetime
    reason: str = ""
    batch: UUID = field(default_factory=uuid4)

    @property
    def name(self) -> str:
        return self.by.get_username() if self.by is not None else "Kibitz"


def action(
    gesture: Gesture,
    kind: Action.Kind,
    site_id: int | None,
    *,
    before: dict[str, object],
    after: dict[str, object],
    **about: int | None,
) -> Action:
    """The row, not stored yet; of no site where it is about an account. `about` is post_id, author_id or
    thread_id."""
    return Action(
        site_id=site_id,
        kind=kind,
        by=gesture.name,
        by_id=None if gesture.by is None else gesture.by.pk,
        batch=gesture.batch,
        before=before,
        after=after,
        reason=gesture.reason,
        created=gesture.now,
        **about,
    )


def post_action(
    gesture: Gesture,
    kind: Action.Kind,
    post: PostRow,
    before: Mapping[str, object],
    after: Mapping[str, object],
) -> Action:
    """The row about a post, not stored yet."""
    about = {"post_id": post.pk, "author_id": post.author_id, "thread_id": post.thread_id}
    return action(gesture, kind, post.site_id, before=dict(before), after=dict(after), **about)
