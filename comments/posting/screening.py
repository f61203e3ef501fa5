"""What a site's rules say of a text that somebody sends, before it is stored."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from comments.errors import NotAccepted
from comments.identity.models import Author
from comments.screening.pipeline import Screening, keep_reasons, screen
from comments.screening.submission import Kind, Outcome, Submission
from comments.threads.models import Post

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sender:
    """What is known of who sends a text, and how; the site's rules may go by it. See Submission."""

    address: str = ""
    user_agent: str = ""
    trap: str = ""
    seconds_open: float | None = None
    proof: str = ""


NOBODY: Final = Sender()


def submission_of(
    kind: Kind, post: Post, key: str, page_url: str, sender: Sender, email: str = ""
) -> Submission:
    """A post that is not stored yet, or is with another text, as phases see it."""
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


def edited_submission(
    post: Post, body: str, html: str, author: Author | None, now: datetime, sender: Sender
) -> Submission:
    """The same for a new text of a post that there is."""
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
    return submission_of(Kind.EDIT, changed, thread.key, thread.url, sender)


def accepted(submission: Submission) -> Screening:
    """What the site's rules say; raises NotAccepted where they refuse. Why is nothing for the sender: who
    tries to get around them would be told how."""
    screening = screen(submission)
    if screening.outcome is Outcome.REJECT:
        logger.info("not accepted on %s: phase %s", submission.site.key, screening.verdicts[-1].phase)
        raise NotAccepted()
    return screening


def status_of(screening: Screening, author: Author | None) -> Post.Status:
    """What a new post is. That its author alone sees it is older than what the rules say of it."""
    if author is not None and author.is_shadow_banned:
        return Post.Status.SHADOWED
    if screening.outcome is Outcome.SPAM:
        return Post.Status.SPAM
    return Post.Status.PENDING if screening.is_held else Post.Status.PUBLISHED


def hold_edited(post: Post, screening: Screening, now: datetime) -> None:
    """Gives a post that was edited the status of what is held, and stores why. What is spam, or its author's
    alone, stays so."""
    if not screening.verdicts or post.status == Post.Status.SHADOWED:
        return
    if post.status != Post.Status.SPAM:
        post.status = status_of(screening, None)
    keep_reasons(post, screening, now=now)
