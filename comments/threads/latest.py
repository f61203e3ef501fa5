"""The newest published posts of a thread and of a site, for feeds."""

from datetime import datetime
from typing import Final

from django.db.models import OuterRef, QuerySet, Subquery

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
    """The newest first, from all its threads: one look into an index for each thread, and then at most as
    many threads as posts are wanted, the liveliest first, until the rest can have none of them."""
    newest = _published().filter(thread=OuterRef("pk")).order_by("-created")
    threads = (
        Thread.objects.filter(site=site, posts__gt=0)
        .annotate(latest=Subquery(newest.values("created")[:1]))
        .order_by("-latest", "-pk")
    )
    found: list[Post] = []
    for thread in threads[:LATEST]:
        last = found[-1].created if len(found) == LATEST else None
        if last is not None and thread.latest <= last:
            break
        found += latest_of_thread(thread, after=last)
        found.sort(key=lambda post: (post.created, post.pk), reverse=True)
        del found[LATEST:]
    return found


def _published() -> QuerySet[Post]:
    return Post.objects.filter(status=Post.Status.PUBLISHED, is_listed=True)
