"""What moderators do to posts: each is one transaction, and readers see it live."""

from datetime import datetime

from django.db import transaction

from comments.threads.models import Post, Thread
from comments.threads.services import count_reply, lock_thread, unpin, write_post_event


def approve_post(post: Post, *, now: datetime) -> bool:
    """Makes a held or hidden post public; False where there is nothing to do (deleted, or public already)."""
    with transaction.atomic():
        thread, post = _locked(post)
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
        thread, post = _locked(post)
        if post.status not in {Post.Status.PENDING, Post.Status.PUBLISHED}:
            return False
        was_public = post.status == Post.Status.PUBLISHED
        post.status = Post.Status.HIDDEN
        if was_public:
            if thread.pinned_post_id == post.pk:
                unpin(thread, now=now)
            lock_thread(thread, seqs=1, posts=-1)
            post.seq = thread.seq
            write_post_event(thread, "post.hidden", post, now=now)
        post.save(update_fields=["status", "seq"])
    return True


def _locked(post: Post) -> tuple[Thread, Post]:
    thread = Thread.objects.get(pk=post.thread_id)
    lock_thread(thread)
    return thread, Post.objects.get(pk=post.pk)
