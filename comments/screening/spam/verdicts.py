"""Which of a site's comments are examples: what people have decided, or left standing."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet

from comments.screening.spam.training import Example
from comments.sites.models import Site
from comments.threads.models import Post

MOST_OF_A_KIND: Final = 5_000  # the newest: spam changes
CONFIRMED_AFTER: Final = timedelta(days=3)  # public for so long, and nobody has reported it
SPAM_STATUS: Final = "spam"


def verdicts_of(site: Site, *, now: datetime) -> list[Example]:
    """The newest of either kind, grouped by their pages. What moderators hid may be rude and no spam: it is
    neither."""
    of_site = Post.objects.filter(site=site)
    spam = of_site.filter(status=SPAM_STATUS)
    good = of_site.filter(
        status=Post.Status.PUBLISHED, is_listed=True, created__lte=now - CONFIRMED_AFTER, flags=None
    )
    return [*_examples(good, is_spam=False), *_examples(spam, is_spam=True)]


def _examples(posts: QuerySet[Post], *, is_spam: bool) -> list[Example]:
    newest = posts.order_by("-created", "-pk").values_list("body", "thread_id")[:MOST_OF_A_KIND]
    return [Example(body, is_spam, group=f"thread {thread}") for body, thread in newest]
