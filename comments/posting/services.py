"""The use-cases of readers who write: each is one transaction, and its event is part of it."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from comments.audit.models import Action
from comments.audit.services import Gesture, post_action
from comments.errors import (
    Banned,
    EditWindowClosed,
    GuestsNotAllowed,
    IdempotencyKeyReused,
    NotAuthor,
    PostDeleted,
    ThreadLocked,
)
from comments.events.rows import columns_of, fetch
from comments.identity.models import Author
from comments.markup.render import render
from comments.posting.adding import add_to_thread
from comments.posting.screening import (
    NOBODY,
    Sender,
    accepted,
    edited_submission,
    hold_edited,
    status_of,
    submission_of,
)
from comments.posting.single_statement import add_at_once
from comments.screening.checks import check_edited
from comments.screening.pipeline import Screening, forget, in_thread
from comments.screening.submission import Kind, Submission
from comments.sites.models import Site
from comments.sites.moderators import tell_moderators
from comments.threads.models import Post
from comments.threads.services import (
    Page,
    lock_post,
    lock_thread,
    require_key,
    withdraw_post,
    write_post_event,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to post, validated. `digest` tells two drafts under one idempotency key apart."""

    body: str
    name: str
    email: str
    parent_id: int | None
    idempotency_key: UUID | None
    digest: str
    badge: str = ""


def posted_before(key: str, draft: Draft) -> Post | None:
    """The post that an earlier request made of this draft; raises IdempotencyKeyReused for another draft."""
    if draft.idempotency_key is None:
        return None
    # Asked before every post of a browser, and composing the query would take longer than asking. Both
    # databases take a UUID in hexadecimal.
    post = fetch(
        Post,
        f"SELECT {columns_of(Post, 'post')} FROM comments_post post "  # noqa: S608
        "JOIN comments_thread thread ON thread.id = post.thread_id "
        "WHERE thread.key = %s AND post.idempotency_key = %s",
        [key, draft.idempotency_key.hex],
    )
    if post is not None and post.idempotency_digest != draft.digest:
        raise IdempotencyKeyReused()
    return post


def create_post(
    site: Site,
    key: str,
    page: Page,
    draft: Draft,
    *,
    author: Author | None,
    now: datetime,
    sender: Sender = NOBODY,
) -> tuple[Post, bool]:
    """Stores the post and its event, or holds it where the site's rules say so; True with it if it is new.

    `author` None is a guest's first post, who becomes an author here. Raises KeyMismatch, GuestsNotAllowed,
    Banned, NotAccepted, ThreadLocked, SlowMode, UnknownParent, ParentElsewhere, PostDeleted (the parent was),
    IdempotencyKeyReused.

    The thread's lock is what a busy thread's posts queue for, so all that can be done before it is.
    """
    if not site.guests_may_post and not (author and (author.staff_id or author.is_member)):
        raise GuestsNotAllowed()
    if author is not None and author.is_banned(now):
        raise Banned()
    require_key(site, key, page)
    writer = author or Author(site=site, name=draft.name, email=draft.email)
    post = Post(
        site=site,
        author=writer,
        parent_id=draft.parent_id,
        author_name=draft.name,
        author_key=writer.public_key,
        by_member=writer.is_member,
        badge=draft.badge,
        address=sender.address or None,
        body=draft.body,
        html=render(draft.body),
        created=now,
        idempotency_key=draft.idempotency_key,
        idempotency_digest=draft.digest,
    )
    submission = submission_of(Kind.POST, post, key, page.url, sender, email=draft.email)
    screening = accepted(submission)
    post.status = status_of(screening, author)
    try:
        if post.status != Post.Status.PUBLISHED or not add_at_once(post, site, key):
            add_to_thread(post, page, submission, screening)
    except IntegrityError:  # the key's constraint: another request posted this draft meanwhile
        earlier = posted_before(key, draft)
        if earlier is None:
            raise
        return earlier, False
    except Exception:
        forget(submission, screening)
        raise
    if author is not None and draft.email and not (author.email or author.is_member):
        Author.objects.filter(pk=author.pk, email="", is_member=False).update(email=draft.email)
    return post, True


def edit_post(
    post: Post,
    body: str,
    *,
    author: Author | None,
    is_moderator: bool,
    now: datetime,
    sender: Sender = NOBODY,
    by: User | None = None,
) -> Post:
    """Replaces the text; the same text again changes nothing. What the site's rules hold is out of public
    view until a moderator approves. `by` is the moderator's account, for the audit. Raises NotAuthor,
    EditWindowClosed, PostDeleted, ThreadLocked, NotAccepted."""
    html = render(body)
    _require_author(post, post.thread.site, author, is_moderator, now)
    gesture = Gesture(by, now) if is_moderator else None
    if is_moderator or post.body == body:
        return _replace_text(post, body, html, None, author=author, gesture=gesture, now=now)
    submission = edited_submission(post, body, html, author, now, sender)
    screening = accepted(submission)  # before the lock: a phase may take its time
    try:
        return _replace_text(
            post, body, html, (submission, screening), author=author, gesture=gesture, now=now
        )
    except Exception:
        forget(submission, screening)
        raise


def _replace_text(
    post: Post,
    body: str,
    html: str,
    screened: tuple[Submission, Screening] | None,
    *,
    author: Author | None,
    gesture: Gesture | None,
    now: datetime,
) -> Post:
    """`gesture` is a moderator's."""
    is_moderator = gesture is not None
    with transaction.atomic():
        thread, post = lock_post(post)
        _require_author(post, thread.site, author, is_moderator, now)
        if thread.is_locked and not is_moderator:
            raise ThreadLocked()
        if post.body == body:
            return post
        if gesture is not None:
            post_action(gesture, Action.Kind.EDIT, post, {"body": post.body}, {"body": body}).save()
        post.body, post.html, post.edited = body, html, now
        was_public = post.status == Post.Status.PUBLISHED
        if screened is not None:
            submission, screening = screened
            screening = in_thread(screening, submission, thread)
            hold_edited(post, screening, now)
            check_edited(post, submission, screening, now=now)
        if post.status == Post.Status.PUBLISHED:
            lock_thread(thread, seqs=1)
            post.seq = thread.seq
            write_post_event(thread, "post.edited", post, now=now)
        elif was_public:
            withdraw_post(thread, post, "post.hidden", now=now)
            tell_moderators(thread.site_id, {"entered": [post.pk], "queue": post.status})
        if not was_public or (post.status == Post.Status.PUBLISHED and post.open_flags):
            tell_moderators(thread.site_id, {"changed": [post.pk]})
        post.save(update_fields=["body", "html", "edited", "status", "seq"])
    return post


def delete_post(
    post: Post, *, author: Author | None, is_moderator: bool, now: datetime, by: User | None = None
) -> None:
    """Leaves a stub in the post's place, which says whether its author or a moderator took it away, and
    erases what it said. `by` is the moderator's account, for the audit, which does not have the text. Raises
    NotAuthor, EditWindowClosed, PostDeleted."""
    with transaction.atomic():
        thread, post = lock_post(post)
        _require_author(post, thread.site, author, is_moderator, now)
        was_published = post.status == Post.Status.PUBLISHED
        is_own = author is not None and author.pk == post.author_id
        status = Post.Status.DELETED if is_own else Post.Status.ERASED
        if is_moderator:
            before, after = {"status": post.status}, {"status": status}
            post_action(Gesture(by, now), Action.Kind.DELETE, post, before, after).save()
        if not was_published or post.open_flags:
            tell_moderators(thread.site_id, {"changed": [post.pk]})
        post.status, post.body, post.html, post.open_flags = status, "", "", 0
        if was_published:
            withdraw_post(thread, post, "post.deleted", now=now)
        elif post.is_listed:  # readers have its stub, which says something else
            lock_thread(thread, seqs=1)
            post.seq = thread.seq
            write_post_event(thread, "post.deleted", post, now=now)
        post.save(update_fields=["status", "body", "html", "open_flags", "seq"])


def _require_author(post: Post, site: Site, author: Author | None, is_moderator: bool, now: datetime) -> None:
    if not is_moderator and (author is None or author.pk != post.author_id):
        raise NotAuthor()
    if post.status in {Post.Status.DELETED, Post.Status.HIDDEN, Post.Status.ERASED}:
        raise PostDeleted()
    if not is_moderator and now >= post.created + timedelta(seconds=site.edit_window_seconds):
        raise EditWindowClosed()
