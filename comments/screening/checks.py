"""Which posts wait for what services on the network say: noted with the post, looked after by a worker
(moderation.checking)."""

from datetime import datetime
from functools import partial
from typing import Final

import redis
from django.db import transaction

from comments.events import request_redis
from comments.events.breaker import LeftAlone
from comments.screening.models import Check
from comments.screening.pipeline import Screening
from comments.screening.submission import Submission
from comments.threads.models import Post

WAKE: Final = "kibitz:checks"  # a list: whoever waits for it is woken by one entry
_WAKES_KEPT: Final = 64  # while nobody waits


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
    transaction.on_commit(partial(wake), robust=True)


def check_edited(post: Post, submission: Submission, screening: Screening, *, now: datetime) -> None:
    """The same for a post that was edited: what was to be checked is not any more where its new text is held,
    and what waits for a moderator goes on waiting for one."""
    if screening.verdicts:
        Check.objects.filter(post=post).delete()
    elif screening.is_unchecked and (
        post.status == Post.Status.PUBLISHED or Check.objects.filter(post=post).exists()
    ):
        await_check(post, submission, now=now)


def wake() -> None:
    """A worker begins at once. Without Redis it looks by itself, two seconds later at most."""
    try:
        request_redis.ask(("LPUSH", WAKE, 1), ("LTRIM", WAKE, 0, _WAKES_KEPT - 1))
    except (LeftAlone, redis.RedisError):
        return
