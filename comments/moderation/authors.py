"""What moderators decide about authors: bans, trust, notes."""

from datetime import datetime, timedelta
from typing import Any, Final, Literal

from django.db import transaction

from comments.audit.models import Action
from comments.audit.services import Gesture, action
from comments.errors import NotFound, Refused
from comments.identity.models import Author
from comments.moderation.models import AuthorNote
from comments.moderation.services import (
    POSTS_PER_GESTURE,
    UNDO_GRACE_SECONDS,
    UNDO_SECONDS,
    Decision,
    Outcome,
    decide,
)
from comments.signin.models import Avatar
from comments.signin.pictures import take_away
from comments.sites.roles import may, sites_of
from comments.threads.models import Post

CHANGE_AUTHOR: Final = "change_author"
BAN_FIELDS: Final = ("banned_at", "banned_until", "ban_reason", "is_shadow_banned")

Posts = Literal["keep", "day", "all"]


def moderated_author(author_id: int, gesture: Gesture) -> Author:
    """An author of a site that this moderator looks after; raises NotFound."""
    author = Author.objects.filter(pk=author_id, site__in=sites_of(gesture.by, CHANGE_AUTHOR)).first()
    if author is None:
        raise NotFound("There is no such author.")
    return author


def ban(author: Author, gesture: Gesture, *, until: datetime | None, is_shadow: bool) -> Author:
    """Keeps the author from writing until then, or for good; a shadow ban lets them write to themselves
    alone. `gesture.reason` is for moderators. Again, it replaces the ban that there was."""
    kind = Action.Kind.SHADOW if is_shadow else Action.Kind.BAN
    if is_shadow:
        return _change(author, gesture, kind, is_shadow_banned=True)
    return _change(
        author, gesture, kind, banned_at=gesture.now, banned_until=until, ban_reason=gesture.reason
    )


def unban(author: Author, gesture: Gesture) -> Author:
    """Ends every kind of ban."""
    nothing = {"banned_at": None, "banned_until": None, "ban_reason": "", "is_shadow_banned": False}
    return _change(author, gesture, Action.Kind.UNBAN, **nothing)


def set_trust(author: Author, gesture: Gesture, trust: Author.Trust) -> Author:
    """Says whether the author's posts are held: by the rules, never, or always."""
    return _change(author, gesture, Action.Kind.TRUST, trust=trust)


def reject_posts(author: Author, gesture: Gesture, posts: Posts) -> list[Outcome]:
    """Takes the author's posts of the last day, or all of them, from public view and out of the queue: the
    newest 5,000 at most."""
    if posts == "keep":
        return []
    chosen = Post.objects.filter(author=author, status__in=[Post.Status.PUBLISHED, Post.Status.PENDING])
    if posts == "day":
        chosen = chosen.filter(created__gt=gesture.now - timedelta(days=1))
    return decide(
        Decision.REJECT, chosen.order_by("-pk").values_list("pk", flat=True)[:POSTS_PER_GESTURE], gesture
    )


def undo_ban(gesture: Gesture) -> bool:
    """Takes back what the gesture did to an author, within 10 s and unless somebody has changed it since;
    whether there was something to take back."""
    since = gesture.now - timedelta(seconds=UNDO_SECONDS + UNDO_GRACE_SECONDS)
    kinds = [Action.Kind.BAN, Action.Kind.SHADOW, Action.Kind.UNBAN, Action.Kind.TRUST]
    with transaction.atomic():
        row = Action.objects.filter(
            batch=gesture.batch,
            by_id=None if gesture.by is None else gesture.by.pk,
            kind__in=kinds,
            created__gt=since,
        ).first()
        if row is None or row.author_id is None:
            return False
        latest = Action.objects.filter(author_id=row.author_id, post_id=None).order_by("-pk").first()
        if latest is None or latest.pk != row.pk:
            return False
        before = {name: _read(name, value) for name, value in row.before.items()}
        _change(moderated_author(row.author_id, gesture), gesture, Action.Kind.UNDO, **before)
    return True


def sign_out(author: Author, gesture: Gesture) -> int:
    """Ends all sessions of the author; how many. A ban ends none: who is banned may read why."""
    with transaction.atomic():
        _require_role(author, gesture)
        number, _ = author.sessions.all().delete()
        if number:
            _record(gesture, Action.Kind.SIGN_OUT, author, {"sessions": number}, {"sessions": 0})
    return number


def take_picture_away(author: Author, gesture: Gesture) -> bool:
    """Readers see the drawn one again; whether there was another."""
    with transaction.atomic():
        _require_role(author, gesture)
        found = Avatar.objects.select_for_update().filter(author=author).exclude(source=Avatar.NONE).first()
        if found is None:
            return False
        take_away(author, now=gesture.now)
        _record(gesture, Action.Kind.PICTURE, author, {"picture": found.source}, {"picture": Avatar.NONE})
    return True


def note(author: Author, gesture: Gesture, text: str) -> AuthorNote:
    """Leaves a note about the author for the site's other moderators."""
    with transaction.atomic():
        _require_role(author, gesture)
        written = AuthorNote.objects.create(
            author=author, by_id=None if gesture.by is None else gesture.by.pk, text=text
        )
        _record(gesture, Action.Kind.NOTE, author, {}, {"note": text})
    return written


def _change(author: Author, gesture: Gesture, kind: Action.Kind, **fields: Any) -> Author:
    """One change of an author and its action; a change to what is already so makes neither."""
    with transaction.atomic():
        _require_role(author, gesture)
        author = Author.objects.select_for_update(no_key=True).get(pk=author.pk)
        before = {name: getattr(author, name) for name in fields}
        if before == fields:
            return author
        for name, value in fields.items():
            setattr(author, name, value)
        author.save(update_fields=list(fields))
        _record(gesture, kind, author, before, fields)
    return author


def _record(
    gesture: Gesture, kind: Action.Kind, author: Author, before: dict[str, Any], after: dict[str, Any]
) -> None:
    action(gesture, kind, author.site_id, before=before, after=after, author_id=author.pk).save()


def _require_role(author: Author, gesture: Gesture) -> None:
    if gesture.by is not None and not may(gesture.by, CHANGE_AUTHOR, author.site_id):
        raise Refused("You do not moderate this site any more.")


def _read(name: str, value: Any) -> Any:
    """A field's value as the audit's JSON has it."""
    return datetime.fromisoformat(value) if name in {"banned_at", "banned_until"} and value else value
