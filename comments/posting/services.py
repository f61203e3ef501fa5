"""The use-cases of readers who write: each is one transaction, and its event is part of it."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from comments.errors import (
    Banned,
    EditWindowClosed,
    GuestsNotAllowed,
    IdempotencyKeyReused,
    NotAccepted,
    NotAuthor,
    ParentElsewhere,
    PostDeleted,
    SlowMode,
    ThreadLocked,
    UnknownParent,
)
from comments.events.rows import columns_of, fetch, insert
from comments.identity.models import Author
from comments.markup.render import render
from comments.posting.single_statement import add_at_once
from comments.screening.pipeline import (
    PASSED,
    Screening,
    forget,
    in_thread,
    keep_reasons,
    screen,
)
from comments.screening.submission import Kind, Outcome, Submission
from comments.sites.models import Site
from comments.sites.moderators import tell_moderators
from comments.threads.models import Post, Thread
from comments.threads.services import (
    Page,
    count_reply,
    lock_post,
    lock_thread,
    lock_thread_of_page,
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


@dataclass(frozen=True, slots=True)
class Sender:
    """What is known of who sends a text, and how; the site's rules may go by it. See Submission."""

    address: str = ""
    user_agent: str = ""
    trap: str = ""
    seconds_open: float | None = None
    proof: str = ""


NOBODY: Final = Sender()


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
    if not site.guests_may_post and not (author and author.staff_id):
        raise GuestsNotAllowed()
    if author is not None and author.is_banned(now):
        raise Banned()
    require_key(site, key, page)
    post = Post(
        site=site,
        author=author or Author(site=site, name=draft.name, email=draft.email),
        parent_id=draft.parent_id,
        author_name=draft.name,
        badge=draft.badge,
        address=sender.address or None,
        body=draft.body,
        html=render(draft.body),
        created=now,
        idempotency_key=draft.idempotency_key,
        idempotency_digest=draft.digest,
    )
    submission = _submission(Kind.POST, post, key, page.url, sender, email=draft.email)
    screening = _accepted(submission)
    post.status = _status(screening, author)
    try:
        if post.status != Post.Status.PUBLISHED or not add_at_once(post, site, key):
            _add(post, page, submission, screening)
    except IntegrityError:  # the key's constraint: another request posted this draft meanwhile
        earlier = posted_before(key, draft)
        if earlier is None:
            raise
        return earlier, False
    except Exception:
        forget(submission, screening)
        raise
    return post, True


def edit_post(
    post: Post,
    body: str,
    *,
    author: Author | None,
    is_moderator: bool,
    now: datetime,
    sender: Sender = NOBODY,
) -> Post:
    """Replaces the text; the same text again changes nothing. What the site's rules hold is out of public
    view until a moderator approves. Raises NotAuthor, EditWindowClosed, PostDeleted, ThreadLocked,
    NotAccepted."""
    html = render(body)
    _require_author(post, post.thread.site, author, is_moderator, now)
    if is_moderator or post.body == body:
        return _replace_text(post, body, html, PASSED, author=author, is_moderator=is_moderator, now=now)
    submission = _edited(post, body, html, author, now, sender)
    screening = _accepted(submission)  # before the lock: a phase may take its time
    try:
        return _replace_text(post, body, html, screening, author=author, is_moderator=is_moderator, now=now)
    except Exception:
        forget(submission, screening)
        raise


def _replace_text(
    post: Post,
    body: str,
    html: str,
    screening: Screening,
    *,
    author: Author | None,
    is_moderator: bool,
    now: datetime,
) -> Post:
    with transaction.atomic():
        thread, post = lock_post(post)
        _require_author(post, thread.site, author, is_moderator, now)
        if thread.is_locked and not is_moderator:
            raise ThreadLocked()
        if post.body == body:
            return post
        post.body, post.html, post.edited = body, html, now
        was_public = post.status == Post.Status.PUBLISHED
        if not is_moderator and author is not None:
            screening = in_thread(screening, Kind.EDIT, thread, author)
            _hold(post, screening, now)
        if post.status == Post.Status.PUBLISHED:
            lock_thread(thread, seqs=1)
            post.seq = thread.seq
            write_post_event(thread, "post.edited", post, now=now)
        elif was_public:
            withdraw_post(thread, post, "post.hidden", now=now)
            tell_moderators(thread.site_id, {"entered": [post.pk], "queue": post.status})
        else:
            tell_moderators(thread.site_id, {"changed": [post.pk]})
        post.save(update_fields=["body", "html", "edited", "status", "seq"])
    return post


def _hold(post: Post, screening: Screening, now: datetime) -> None:
    """Gives a post that was edited the status of what is held, and stores why. What is spam, or its author's
    alone, stays so."""
    if not screening.is_held or post.status == Post.Status.SHADOWED:
        return
    if post.status != Post.Status.SPAM:
        post.status = _status(screening, None)
    keep_reasons(post, screening, now=now)


def delete_post(post: Post, *, author: Author | None, is_moderator: bool, now: datetime) -> None:
    """Leaves a stub in the post's place and erases what it said. Raises NotAuthor, EditWindowClosed,
    PostDeleted."""
    with transaction.atomic():
        thread, post = lock_post(post)
        _require_author(post, thread.site, author, is_moderator, now)
        was_published = post.status == Post.Status.PUBLISHED
        post.status, post.body, post.html, post.open_flags = Post.Status.DELETED, "", "", 0
        if was_published:
            withdraw_post(thread, post, "post.deleted", now=now)
        else:
            if post.is_listed:  # readers have its stub, which says something else
                lock_thread(thread, seqs=1)
                post.seq = thread.seq
                write_post_event(thread, "post.deleted", post, now=now)
            tell_moderators(thread.site_id, {"changed": [post.pk]})
        post.save(update_fields=["status", "body", "html", "open_flags", "seq"])


def _submission(
    kind: Kind, post: Post, key: str, page_url: str, sender: Sender, email: str = ""
) -> Submission:
    author = post.author or Author(site=post.site, name=post.author_name)
    return Submission(
        kind=kind,
        site=post.site,
        thread_key=key,
        page_url=page_url,
        author=author,
        name=post.author_name,
        email=email or author.email,
        body=post.body,
        now=post.created,
        is_reply=post.parent_id is not None,
        post_id=post.pk,
        address=sender.address,
        user_agent=sender.user_agent,
        trap=sender.trap,
        seconds_open=sender.seconds_open,
        proof=sender.proof,
        html=post.html,
    )


def _edited(
    post: Post, body: str, html: str, author: Author | None, now: datetime, sender: Sender
) -> Submission:
    thread = post.thread
    changed = Post(
        pk=post.pk,
        site=thread.site,
        author=author,
        author_name=post.author_name,
        parent_id=post.parent_id,
        body=body,
        html=html,
        created=now,
    )
    return _submission(Kind.EDIT, changed, thread.key, thread.url, sender)


def _accepted(submission: Submission) -> Screening:
    """What the site's rules say; raises NotAccepted where they refuse. Why is nothing for the sender: who
    tries to get around them would be told how."""
    screening = screen(submission)
    if screening.outcome is Outcome.REJECT:
        logger.info("not accepted on %s: phase %s", submission.site.key, screening.verdicts[-1].phase)
        raise NotAccepted()
    return screening


def _status(screening: Screening, author: Author | None) -> Post.Status:
    """What a new post is. That its author alone sees it is older than what the rules say of it."""
    if author is not None and author.is_shadow_banned:
        return Post.Status.SHADOWED
    if screening.outcome is Outcome.SPAM:
        return Post.Status.SPAM
    return Post.Status.PENDING if screening.is_held else Post.Status.PUBLISHED


def _add(post: Post, page: Page, submission: Submission, screening: Screening) -> None:
    """Puts the post into its thread, with the event that tells readers unless it is held."""
    now, site = post.created, submission.site
    with transaction.atomic():
        author = post.author
        if author is not None and post.author_id is None:
            insert(author)
            post.author = author  # again: its row has a number now
        numbers = int(post.status == Post.Status.PUBLISHED)
        key = submission.thread_key
        thread = lock_thread_of_page(site, key, page, seqs=numbers, posts=numbers, now=now)
        if thread.is_locked:
            raise ThreadLocked()
        _require_pause(thread, site, post)
        post.thread, post.parent = thread, _parent_in(thread, post)
        _join_branch(post, post.parent)
        if thread.moderation and post.status != Post.Status.SHADOWED:
            screening = in_thread(screening, Kind.POST, thread, submission.author)
            post.status = _status(screening, None)
        if (change := int(post.status == Post.Status.PUBLISHED) - numbers) != 0:
            lock_thread(thread, seqs=change, posts=change)  # the thread has a mind of its own
        if post.status != Post.Status.PUBLISHED:
            post.is_listed = False
            insert(post)
            if post.status != Post.Status.SHADOWED:
                keep_reasons(post, screening, now=now)
            tell_moderators(site.pk, {"entered": [post.pk], "queue": post.status})
            return
        post.seq = thread.seq
        insert(post)
        write_post_event(thread, "post.created", post, now=now, parent_replies=count_reply(post))


def _require_pause(thread: Thread, site: Site, post: Post) -> None:
    """Raises SlowMode where the author's latest post here is too young, whatever became of it. Under the
    lock, so that of two posts at once one waits. A guest without a token is a new author: for those,
    addresses have their rate."""
    if not thread.slow_mode_seconds or site.is_unlimited:
        return
    pause = timedelta(seconds=thread.slow_mode_seconds)
    earlier = Post.objects.filter(author=post.author, thread=thread, created__gt=post.created - pause)
    latest = earlier.order_by("-created").values_list("created", flat=True).first()
    if latest is not None:
        raise SlowMode(ceil((latest + pause - post.created).total_seconds()))


def _parent_in(thread: Thread, post: Post) -> Post | None:
    if post.parent_id is None:
        return None
    parent = Post.objects.filter(pk=post.parent_id).first()
    if parent is not None and parent.status == Post.Status.SHADOWED and parent.author_id == post.author_id:
        post.status = Post.Status.SHADOWED  # who does not know answers himself
        return parent
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
    if post.status in {Post.Status.DELETED, Post.Status.HIDDEN, Post.Status.ERASED}:
        raise PostDeleted()
    if not is_moderator and now >= post.created + timedelta(seconds=site.edit_window_seconds):
        raise EditWindowClosed()
