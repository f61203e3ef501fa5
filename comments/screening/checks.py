"""Which posts wait for what services on the network say: noted with the post, looked after by a worker
(moderation.checking)."""

from datetime import datetime
from functools import partial
from typing import Final

from django.db import transaction

from comments.events.waking import ring
from comments.screening.models import Check
from comments.screening.pipeline import Screening
from comments.screening.submission import Submission
from comments.threads.models import Post

WAKE: Final = "kibitz:checks"


def await_check(post: Post, submission: Submission, *, now: datetime) -> None:
    """Notes in the caller's transaction that the post is to be checked, anew where it was to be already, and
    wakes a worker when that commits."""
    Check.objects.update_or_create(
        post=post,
        defaults={
            "address": submission.address,
            "user_agent": submission.user_agent,
            "tries": 0,
            "next_try": now,
        },
        create_defaults={
            "site": submission.site,
            "kind": submission.kind,
            "address": submission.address,
            "user_agent": submission.user_agent,
            "next_try": now,
        },
    )
    transaction.on_commit(partial(ring, WAKE), robust=True)


def check_edited(post: Post, submission: Submission, screening: Screening, *, now: datetime) -> None:
    """The same for a post that was edited: what was to be checked is not any more where its new text is held,
    and what waits for a moderator goes on waiting for one."""
    if screening.verdicts:
        Check.objects.filter(post=post).delete()
    elif screening.is_unchecked and (
        post.status == Post.Status.PUBLISHED or Check.objects.filter(post=post).exists()
    ):
        await_check(post, submission, now=now)
