"""Tells Akismet, in the background, where moderators decided against it: that is what it learns from."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from comments.screening import akismet
from comments.screening.models import Check, HeldFor
from comments.screening.phases.akismet import AKISMET
from comments.screening.rules import rules_of
from comments.screening.submission import Kind, Outcome
from comments.sites.models import Site
from comments.threads.models import Post


def report_disagreements(site: Site, posts: Sequence[Post], status: str, *, at: datetime) -> None:
    """Notes, in the caller's transaction, which of these posts Akismet took for the other thing; it is told
    at that time, when the decision cannot be undone any more. What it was still to be asked about is
    decided."""
    chosen = [post.pk for post in posts]
    Check.objects.filter(post__in=chosen).delete()
    is_told = status in {Post.Status.SPAM, Post.Status.PUBLISHED}
    if not is_told or AKISMET not in rules_of(site).checks(Kind.POST):
        return
    called_spam = set(
        HeldFor.objects.filter(post__in=chosen, phase=akismet.PHASE, outcome=Outcome.SPAM).values_list(
            "post_id", flat=True
        )
    )
    is_spam = status == Post.Status.SPAM
    Check.objects.bulk_create(
        Check(
            post_id=post.pk,
            site=site,
            kind=Kind.POST,
            address=post.address or "",
            report="spam" if is_spam else "ham",
            next_try=at,
        )
        for post in posts
        if (post.pk in called_spam) != is_spam
    )


def take_back(posts: Iterable[int]) -> None:
    """The decisions are undone: nobody is told of them."""
    Check.objects.filter(post__in=posts).exclude(report="").delete()
