"""A new post's way into its thread, step by step: what posting.single_statement does for the usual ones."""

from datetime import timedelta
from math import ceil

from django.db import transaction
from django.db.models import F

from comments.errors import ParentElsewhere, PostDeleted, SlowMode, ThreadLocked, UnknownParent
from comments.events.rows import insert
from comments.posting.screening import status_of
from comments.screening.checks import await_check
from comments.screening.pipeline import Screening, in_thread, keep_reasons
from comments.screening.submission import Submission
from comments.sites.models import Site
from comments.sites.moderators import tell_moderators
from comments.threads.models import Post, Thread
from comments.threads.services import (
    Page,
    count_reply,
    lock_thread,
    lock_thread_of_page,
    write_post_event,
)


def add_to_thread(post: Post, page: Page, submission: Submission, screening: Screening) -> None:
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
            screening = in_thread(screening, submission, thread)
            post.status = status_of(screening, None)
        if (change := int(post.status == Post.Status.PUBLISHED) - numbers) != 0:
            lock_thread(thread, seqs=change, posts=change)  # the thread has a mind of its own
        if post.status != Post.Status.PUBLISHED:
            post.is_listed = False
            insert(post)
            _await_moderators(post, submission, screening)
            return
        post.seq = thread.seq
        insert(post)
        write_post_event(thread, "post.created", post, now=now, parent_replies=count_reply(post))


def _await_moderators(post: Post, submission: Submission, screening: Screening) -> None:
    if post.status != Post.Status.SHADOWED:
        keep_reasons(post, screening, now=post.created)
        if screening.is_unchecked:
            await_check(post, submission, now=post.created)
    tell_moderators(post.site_id, {"entered": [post.pk], "queue": post.status})


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
