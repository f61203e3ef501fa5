"""The use-cases of readers who write: each is one transaction, and its event is part of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F

from comments.errors import (
    EditWindowClosed,
    GuestsNotAllowed,
    IdempotencyKeyReused,
    NotAuthor,
    ParentElsewhere,
    PostDeleted,
    ThreadLocked,
    UnknownParent,
)
from comments.identity.models import Author
from comments.markup.render import render
from comments.sites.models import Site
from comments.threads.models import Post, Thread
from comments.threads.services import (
    Page,
    count_reply,
    lock_post,
    lock_thread,
    thread_of_page,
    withdraw_post,
    write_post_event,
)


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to post, validated. `digest` tells two drafts under one idempotency key apart."""

    body: str
    name: str
    email: str
    parent_id: int | None
    idempotency_key: UUID | None
    digest: str


class _PostedBefore(Exception):
    """Rolls the transaction back: another request posted this draft meanwhile."""

    def __init__(self, post: Post) -> None:
        self.post = post


def posted_before(key: str, draft: Draft) -> Post | None:
    """The post that an earlier request made of this draft; raises IdempotencyKeyReused for another draft."""
    if draft.idempotency_key is None:
        return None
    post = (
        Post.objects.select_related("thread", "author")
        .filter(thread__key=key, idempotency_key=draft.idempotency_key)
        .first()
    )
    if post is not None and post.idempotency_digest != draft.digest:
        raise IdempotencyKeyReused()
    return post


def create_post(
    site: Site, key: str, page: Page, draft: Draft, *, author: Author | None, now: datetime
) -> tuple[Post, bool]:
    """Stores the post and its event, or holds it where the site approves first; True with it if it is new.

    `author` None is a guest's first post, who becomes an author here. Raises KeyMismatch, GuestsNotAllowed,
    ThreadLocked, UnknownParent, ParentElsewhere, PostDeleted (the parent was), IdempotencyKeyReused.
    """
    if not site.guests_may_post:
        raise GuestsNotAllowed()
    is_held = site.moderation == Site.Moderation.PRE and not site.is_unlimited
    html = render(draft.body)
    try:
        with transaction.atomic():
            thread = thread_of_page(site, key, page, now=now)
            lock_thread(thread, seqs=0 if is_held else 1, posts=0 if is_held else 1)
            if earlier := posted_before(key, draft):
                raise _PostedBefore(earlier)
            if thread.is_locked:
                raise ThreadLocked()
            parent = _parent_in(thread, draft.parent_id)
            post = Post(
                thread=thread,
                parent=parent,
                author=author or Author.objects.create(site=site, name=draft.name, email=draft.email),
                author_name=draft.name,
                body=draft.body,
                html=html,
                status=Post.Status.PENDING if is_held else Post.Status.PUBLISHED,
                is_listed=not is_held,
                seq=0 if is_held else thread.seq,
                created=now,
                idempotency_key=draft.idempotency_key,
                idempotency_digest=draft.digest,
            )
            _join_branch(post, parent)
            post.save(force_insert=True)
            if not is_held:
                write_post_event(thread, "post.created", post, now=now, parent_replies=count_reply(post))
    except _PostedBefore as before:
        return before.post, False
    return post, True


def edit_post(post: Post, body: str, *, author: Author | None, is_moderator: bool, now: datetime) -> Post:
    """Replaces the text; the same text again changes nothing. Raises NotAuthor, EditWindowClosed,
    PostDeleted, ThreadLocked."""
    html = render(body)
    with transaction.atomic():
        thread, post = lock_post(post)
        _require_author(post, thread.site, author, is_moderator, now)
        if thread.is_locked and not is_moderator:
            raise ThreadLocked()
        if post.body == body:
            return post
        post.body, post.html, post.edited = body, html, now
        if post.status == Post.Status.PUBLISHED:
            lock_thread(thread, seqs=1)
            post.seq = thread.seq
            write_post_event(thread, "post.edited", post, now=now)
        post.save(update_fields=["body", "html", "edited", "seq"])
    return post


def delete_post(post: Post, *, author: Author | None, is_moderator: bool, now: datetime) -> None:
    """Leaves a stub in the post's place and erases what it said. Raises NotAuthor, EditWindowClosed,
    PostDeleted."""
    with transaction.atomic():
        thread, post = lock_post(post)
        _require_author(post, thread.site, author, is_moderator, now)
        was_published = post.status == Post.Status.PUBLISHED
        post.status, post.body, post.html = Post.Status.DELETED, "", ""
        if was_published:
            withdraw_post(thread, post, "post.deleted", now=now)
        post.save(update_fields=["status", "body", "html", "seq"])


def _parent_in(thread: Thread, parent_id: int | None) -> Post | None:
    if parent_id is None:
        return None
    parent = Post.objects.filter(pk=parent_id).first()
    if parent is None or not parent.is_listed:
        raise UnknownParent()
    if parent.thread_id != thread.pk:
        raise ParentElsewhere()
    if parent.status != Post.Status.PUBLISHED:
        raise PostDeleted("The comment that this replies to was removed.")
    return parent


def _join_branch(post: Post, parent: Post | None) -> None:
    if parent is None:
        return
    post.root_id = parent.root_id or parent.pk
    Post.objects.filter(pk=post.root_id).update(branch_size=F("branch_size") + 1)
    post.branch_index = Post.objects.values_list("branch_size", flat=True).get(pk=post.root_id)


def _require_author(post: Post, site: Site, author: Author | None, is_moderator: bool, now: datetime) -> None:
    if not is_moderator and (author is None or author.pk != post.author_id):
        raise NotAuthor()
    if post.status in {Post.Status.DELETED, Post.Status.HIDDEN}:
        raise PostDeleted()
    if not is_moderator and now >= post.created + timedelta(seconds=site.edit_window_seconds):
        raise EditWindowClosed()
