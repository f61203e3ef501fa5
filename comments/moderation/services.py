"""What moderators do to posts: each is one transaction, and readers see it live."""

from datetime import datetime

from django.db import transaction

from comments.threads.models import Post
from comments.threads.services import count_reply, lock_post, lock_thread, withdraw_post, write_post_event


def approve_post(post: Post, *, now: datetime) -> bool:
    """Makes a held or hidden post public; False where there is nothing to do (deleted, or public already)."""
    with transaction.atomic():
        thread, post = lock_post(post)
        if post.status not in {Post.Status.PENDING, Post.Status.HIDDEN}:
            return False
        lock_thread(thread, seqs=1, posts=1)
        is_first_time = not post.is_listed
        post.status, post.is_listed, post.seq = Post.Status.PUBLISHED, True, thread.seq
        post.save(update_fields=["status", "is_listed", "seq"])
        parent_replies = count_reply(post) if is_first_time else None
        write_post_event(thread, "post.approved", post, now=now, parent_replies=parent_replies)
    return True


def hide_post(post: Post, *, now: datetime) -> bool:
    """Takes a post from public view; False where there is nothing to do. A held one was never public, so
    readers are told nothing of it."""
    with transaction.atomic():
        thread, post = lock_post(post)
        if post.status not in {Post.Status.PENDING, Post.Status.PUBLISHED}:
            return False
        was_public = post.status == Post.Status.PUBLISHED
        post.status = Post.Status.HIDDEN
        if was_public:
            withdraw_post(thread, post, "post.hidden", now=now)
        post.save(update_fields=["status", "seq"])
    return True
