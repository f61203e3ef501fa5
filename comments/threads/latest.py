"""The newest published posts of a thread and of a site, for feeds."""

from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from comments.sites.models import Site
from comments.threads.models import Post, Thread

LATEST: Final = 50


def latest_of_thread(thread: Thread, *, after: datetime | None = None) -> list[Post]:
    """The newest first, replies among them; `after` leaves out what is not newer."""
    posts = _published().filter(thread=thread)
    if after is not None:
        posts = posts.filter(created__gt=after)
    found = list(posts.order_by("-created", "-pk")[:LATEST])
    for post in found:
        post.thread = thread
    return found


def latest_of_site(site: Site) -> list[Post]:
    """The newest first, with their threads."""
    return list(newest_of_site(site)[:LATEST])


def newest_of_site(site: Site) -> QuerySet[Post]:
    """One index scan, however many threads and posts there are."""
    return _published().filter(site=site).select_related("thread").order_by("-created", "-pk")


def _published() -> QuerySet[Post]:
    return Post.objects.filter(status=Post.Status.PUBLISHED, is_listed=True)
