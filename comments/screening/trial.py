"""A dry run: what rules, saved or not, would have said of a site's last posts. It changes nothing."""

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final

from django.db.models import Count, Q

from comments.identity.models import Author
from comments.screening.history import scopes_of
from comments.screening.models import SiteRules
from comments.screening.pipeline import screen
from comments.screening.rules import Rules
from comments.screening.submission import Kind, Outcome, Submission, Verdict
from comments.screening.texts import digest
from comments.sites.models import Site
from comments.threads.models import Post

POSTS: Final = 1_000
# What the phases would say today of what was written then: the site's mode says the same of every post.
LEFT_OUT: Final = frozenset({"mode", "proof"})
NOW: Final = {
    Post.Status.PUBLISHED: Outcome.PASS,
    Post.Status.PENDING: Outcome.HOLD,
    Post.Status.SPAM: Outcome.SPAM,
    Post.Status.HIDDEN: Outcome.REJECT,
}


@dataclass(frozen=True, slots=True)
class Change:
    """A post that would fare otherwise than it does now."""

    post: Post
    now: Outcome
    then: Outcome
    verdicts: list[Verdict]


@dataclass(slots=True)
class Trial:
    """How many of `posts` have each outcome now, and would have then."""

    posts: int = 0
    now: Counter[Outcome] = field(default_factory=Counter)
    then: Counter[Outcome] = field(default_factory=Counter)
    changes: list[Change] = field(default_factory=list)
    seconds: float = 0.0


class TrialHistory:
    """What was there before each of the posts, as far as they themselves and one query tell. They come in
    the order in which they were written."""

    def __init__(self, posts: list[Post]) -> None:
        self._said: dict[tuple[str, str, str], datetime] = {}
        self._approved = _approved_before(posts)

    def approved_posts(self, submission: Submission, *, at_most: int) -> int:
        return min(self._approved[submission.author.pk or 0], at_most)

    def said_before(self, submission: Submission, *, minutes: int) -> str:
        text, earliest, found = digest(submission), submission.now - timedelta(minutes=minutes), ""
        for who, which in scopes_of(submission):
            said = self._said.get((who, which, text))
            if said is not None and said >= earliest:
                found = found or who
            else:
                self._said[who, which, text] = submission.now
        return found

    def passed(self, post: Post) -> None:
        """The next posts come after this one."""
        if post.status == Post.Status.PUBLISHED and post.author_id is not None:
            self._approved[post.author_id] += 1


def try_rules(fields: SiteRules, site: Site, *, at_most: int = POSTS) -> Trial:
    """Runs the rules over the newest posts, but for those whose text is gone."""
    began = time.perf_counter()
    posts = latest_posts(site, at_most)
    history = TrialHistory(posts)
    rules = Rules(fields, history=history, without=LEFT_OUT)
    trial = Trial(posts=len(posts))
    for post in posts:
        screening = screen(_submission(post, site), rules)
        history.passed(post)
        now = NOW[Post.Status(post.status)]
        trial.now[now] += 1
        trial.then[screening.outcome] += 1
        if screening.outcome is not now:
            trial.changes.append(Change(post, now, screening.outcome, list(screening.verdicts)))
    trial.changes.reverse()  # the newest first
    trial.seconds = time.perf_counter() - began
    return trial


def latest_posts(site: Site, at_most: int) -> list[Post]:
    """The newest, the oldest of them first. A query for each status: together they would fit no index."""
    found: list[Post] = []
    for status in NOW:
        listed = Q(is_listed=True) if status == Post.Status.PUBLISHED else Q()
        posts = Post.objects.filter(listed, site=site, status=status).select_related("author", "thread")
        found += posts.order_by("-created", "-id")[:at_most]
    return sorted(found, key=attrgetter("created", "pk"))[-at_most:]


def _approved_before(posts: list[Post]) -> Counter[int]:
    """How many public posts their authors had before the first of them."""
    if not posts:
        return Counter()
    ids = {post.author_id for post in posts if post.author_id is not None}
    public = Post.objects.filter(author__in=ids, status=Post.Status.PUBLISHED, created__lt=posts[0].created)
    return Counter(dict(public.values_list("author").annotate(Count("pk"))))


def _submission(post: Post, site: Site) -> Submission:
    author = post.author or Author(site=site, name=post.author_name)
    return Submission(
        kind=Kind.POST,
        site=site,
        thread_key=post.thread.key,
        page_url=post.thread.url,
        author=author,
        name=post.author_name,
        email=author.email,
        body=post.body,
        now=post.created,
        is_reply=post.parent_id is not None,
        post_id=post.pk,
        html=post.html,
        address=post.address or "",
    )
