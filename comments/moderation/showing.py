"""How moderators have posts and threads shown (pinned, featured, closed, slow), and their own replies."""

from typing import Any, Final

from django.db import transaction

from comments.audit.models import Action
from comments.audit.services import Gesture, action, post_action
from comments.errors import PostDeleted, Refused, UnknownPost
from comments.identity.models import Author
from comments.posting.serializers import NAME_MAX_CHARS
from comments.posting.services import Draft, create_post, posted_before
from comments.sites.models import SiteGroup
from comments.sites.roles import MODERATE, may, members, sites_of
from comments.threads.models import Post, Thread
from comments.threads.services import (
    Page,
    lock_against_posting,
    lock_post,
    lock_thread,
    pin,
    slow_down,
    unpin,
    write_post_event,
)

CHANGE_THREAD: Final = "change_thread"


def moderated_post(post_id: int, gesture: Gesture) -> Post:
    """A post of a site that this moderator looks after; raises UnknownPost."""
    posts = Post.objects.select_related("thread__site", "site")
    post = posts.filter(pk=post_id, site__in=sites_of(gesture.by, MODERATE)).first()
    if post is None:
        raise UnknownPost()
    return post


def set_pinned(post: Post, gesture: Gesture, *, is_on: bool) -> None:
    """Pins a published top-level post in place of the one before, or unpins it. Raises UnknownPost and
    Invalid."""
    with transaction.atomic():
        thread, post = lock_post(post)
        before = thread.pinned_post_id
        if is_on:
            pin(thread, post, now=gesture.now)
        elif before == post.pk:
            unpin(thread, now=gesture.now)
        if before != thread.pinned_post_id:
            kind = Action.Kind.PIN if is_on else Action.Kind.UNPIN
            post_action(gesture, kind, post, {"pinned": before}, {"pinned": thread.pinned_post_id}).save()


def set_featured(post: Post, gesture: Gesture, *, is_on: bool) -> None:
    """Marks a published post as a moderator's choice, live, or takes that back. Raises PostDeleted."""
    with transaction.atomic():
        thread, post = lock_post(post)
        if post.status != Post.Status.PUBLISHED:
            raise PostDeleted("Only a comment that readers see can be featured.")
        if post.is_featured == is_on:
            return
        lock_thread(thread, seqs=1)
        post.is_featured, post.seq = is_on, thread.seq
        post.save(update_fields=["is_featured", "seq"])
        write_post_event(thread, "post.featured" if is_on else "post.unfeatured", post, now=gesture.now)
        kind = Action.Kind.FEATURE if is_on else Action.Kind.UNFEATURE
        post_action(gesture, kind, post, {"featured": not is_on}, {"featured": is_on}).save()


def change_thread(thread: Thread, gesture: Gesture, **fields: Any) -> None:
    """Changes what moderators may of a thread: is_locked, slow_mode_seconds, moderation. Live where readers
    see it. A thread that is opened again stays open however old it is."""
    with transaction.atomic():
        lock_thread(thread)
        if gesture.by is not None and not may(gesture.by, CHANGE_THREAD, thread.site_id):
            raise Refused("You do not moderate this site any more.")
        before = {name: getattr(thread, name) for name in fields}
        if before == fields:
            return
        if "is_locked" in fields:
            lock_against_posting(thread, is_locked=fields["is_locked"], now=gesture.now)
            Thread.objects.filter(pk=thread.pk).update(stays_open=not fields["is_locked"])
        if "slow_mode_seconds" in fields:
            slow_down(thread, fields["slow_mode_seconds"], now=gesture.now)
        if "moderation" in fields:
            Thread.objects.filter(pk=thread.pk).update(moderation=fields["moderation"])
        action(
            gesture,
            Action.Kind.THREAD,
            thread.site_id,
            before=before,
            after=fields,
            thread_id=thread.pk,
        ).save()


def reply_as_moderator(post: Post, body: str, gesture: Gesture) -> tuple[Post, bool]:
    """Answers a post under the account's name, with the badge of its role, once a gesture; whether it is new.
    The post itself must be public. Raises what create_post does."""
    site, thread = post.site, post.thread
    user: Any = gesture.by
    is_owner = members(site, SiteGroup.Role.OWNER).filter(pk=user.pk).exists()
    name = (user.get_full_name() or user.get_username())[:NAME_MAX_CHARS]
    author, _ = Author.objects.get_or_create(site=site, staff_id=user.pk, defaults={"name": name})
    draft = Draft(
        body=body,
        name=name,
        email="",
        parent_id=post.pk,
        idempotency_key=gesture.batch,
        digest="",
        badge=SiteGroup.Role.OWNER if is_owner else SiteGroup.Role.MODERATOR,
    )
    page = Page(thread.page_id, thread.url, thread.title)
    if (earlier := posted_before(thread.key, draft)) is not None:
        return earlier, False
    with transaction.atomic():
        reply, is_new = create_post(site, thread.key, page, draft, author=author, now=gesture.now)
        if is_new:
            post_action(gesture, Action.Kind.REPLY, reply, {}, {"parent": post.pk}).save()
    return reply, is_new
