"""What was there before a submission: an author's approved posts, and the same text said a while ago."""

import logging
from hashlib import sha256
from typing import Final, Protocol

import redis

from comments.events import request_redis
from comments.events.breaker import LeftAlone
from comments.events.redis_clients import Command
from comments.rest.throttles import counted_address
from comments.screening.submission import Kind, Submission
from comments.screening.texts import digest, html_of, visible
from comments.threads.models import Post

logger = logging.getLogger(__name__)

# Shorter ones are said by many people who have nothing to do with each other: "Thank you!"
SHARED_MIN_CHARS: Final = 40
PREFIX: Final = "kibitz:said:"

Scope = tuple[str, str]  # who, as moderators read it, and which of them


class History(Protocol):
    def approved_posts(self, submission: Submission, *, at_most: int) -> int:
        """How many public posts the author has; counts no further than `at_most`."""

    def said_before(self, submission: Submission, *, minutes: int) -> str:
        """By whom the same text came within so many minutes, "" where it did not. From now on it has been
        said."""


class LiveHistory:
    """Posts from the database; what was said from Redis, where it is forgotten by itself. Without Redis
    nothing was said before: a dead realtime tier must not hold what people write."""

    def approved_posts(self, submission: Submission, *, at_most: int) -> int:
        author_id: int | None = submission.author.pk
        if author_id is None:
            return 0
        public = Post.objects.filter(author=author_id, status=Post.Status.PUBLISHED)
        return len(public.values_list("pk", flat=True)[:at_most])

    def said_before(self, submission: Submission, *, minutes: int) -> str:
        scopes = scopes_of(submission)
        keys = [_key(submission, scope) for scope in scopes]
        own = _own_mark(submission)
        # Redis 6.2 has no SET that both keeps and tells what was there.
        commands: list[Command] = [("SET", key, own, "NX", "EX", minutes * 60) for key in keys]
        commands += [("GET", key) for key in keys]
        try:
            answers = request_redis.ask(*commands) if keys else []
        except LeftAlone:
            return ""
        except redis.RedisError as error:
            logger.warning("repeats without Redis: %s", error)
            return ""
        is_edit = submission.kind is Kind.EDIT
        told = zip(scopes, answers[: len(keys)], answers[len(keys) :], strict=True)
        for (who, _), was_set, mark in told:
            # Who undoes their own edit says nothing again.
            if not was_set and not (is_edit and mark == own):
                return who
        return ""


def forget_said(submission: Submission) -> None:
    """It was not stored after all: who tries again does not repeat anything."""
    keys = [_key(submission, scope) for scope in scopes_of(submission)]
    if not keys:
        return
    try:
        request_redis.ask(("DEL", *keys))
    except (LeftAlone, redis.RedisError):
        return


def scopes_of(submission: Submission) -> list[Scope]:
    """Whose words it may repeat."""
    scopes = []
    if submission.author.pk is not None:
        scopes.append(("by the same author", str(submission.author.pk)))
    if submission.address:
        scopes.append(("from the same address", counted_address(submission.address)))
    if len(visible(html_of(submission))) >= SHARED_MIN_CHARS:
        scopes.append(("on this site", str(submission.site.pk)))
    return scopes


def _key(submission: Submission, scope: Scope) -> str:
    """Says nothing of who wrote what."""
    told = "\n".join([str(submission.site.pk), *scope, digest(submission)])
    return PREFIX + sha256(told.encode()).hexdigest()[:32]


def _own_mark(submission: Submission) -> str:
    """Who says it, and where; a guest has no number when they write first."""
    return sha256(f"{submission.thread_key}\n{submission.name}".encode()).hexdigest()[:16]
