"""Votes and flags. Votes are totals, not events: newest wins, and who was away is told all of them."""

from collections.abc import Collection
from datetime import datetime
from typing import Literal

from django.db import transaction
from django.db.models import Q, QuerySet

from comments.errors import OwnPost, PostDeleted, UnknownPost, VotesOff
from comments.events.outbox import append_totals
from comments.events.wire import Tally
from comments.identity.models import Author
from comments.posting.models import Flag, Vote
from comments.sites.models import Site
from comments.sites.moderators import tell_moderators
from comments.threads.models import Post, Thread
from comments.threads.queries import tally
from comments.threads.ranking import best, controversy
from comments.threads.services import lock_post, lock_thread

VoteValue = Literal[1, 0, -1]


def vote(post: Post, value: VoteValue, *, author: Author) -> Tally:
    """Sets the author's vote; 0 takes it back. The same vote again changes nothing. Raises VotesOff, OwnPost,
    PostDeleted, UnknownPost."""
    if not post.thread.site.has_votes:
        raise VotesOff()
    if post.author_id == author.pk:
        raise OwnPost()
    with transaction.atomic():
        thread = Thread.objects.select_related("site").get(pk=post.thread_id)
        # The lock makes voted_seq exact: who reads the thread at a later seq reads this vote too.
        lock_thread(thread)
        post = Post.objects.get(pk=post.pk)
        require_published(post)
        before = Vote.objects.filter(post=post, author=author).values_list("value", flat=True).first() or 0
        if before == value:
            return tally(post.up, post.down)
        if value == 0:
            Vote.objects.filter(post=post, author=author).delete()
        else:
            Vote.objects.update_or_create(post=post, author=author, defaults={"value": value})
        post.up += (value == 1) - (before == 1)
        post.down += (value == -1) - (before == -1)
        post.best, post.controversy = best(post.up, post.down), controversy(post.up, post.down)
        post.voted_seq = thread.seq
        post.save(update_fields=["up", "down", "best", "controversy", "voted_seq"])
        append_totals(thread.site.key, thread.key, {post.pk: tally(post.up, post.down)})
    return tally(post.up, post.down)


def flag(post: Post, reason: str, *, author: Author, now: datetime) -> None:
    """Reports the post to the moderators; a second report by the same author replaces the first."""
    with transaction.atomic():
        thread, post = lock_post(post)
        require_published(post)
        Flag.objects.update_or_create(
            post=post, author=author, defaults={"reason": reason, "created": now, "is_open": True}
        )
        post.open_flags = Flag.objects.filter(post=post, is_open=True).count()
        post.save(update_fields=["open_flags"])
        tell_moderators(thread.site_id, {"changed": [post.pk]})


def require_published(post: Post) -> None:
    """Raises PostDeleted for a stub, UnknownPost for what was never public."""
    if post.status == Post.Status.PUBLISHED:
        return
    if not post.is_listed:
        raise UnknownPost()
    raise PostDeleted()


def visible_post(post_id: int, *, authors: Collection[Author], moderated: QuerySet[Site]) -> Post:
    """A post with its thread and site, as this person, who is these authors and moderates these sites, may
    know of it. Raises UnknownPost."""
    seen = Q(is_listed=True)
    if authors:
        seen |= Q(author__in=authors)
    if not moderated.query.is_empty():
        seen |= Q(site__in=moderated)
    post = Post.objects.select_related("thread__site").filter(seen, pk=post_id).first()
    if post is None:
        raise UnknownPost()
    return post
