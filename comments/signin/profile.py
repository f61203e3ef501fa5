"""What members change about themselves, and what they have written."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, TypedDict

from comments.errors import Banned, InvalidCursor
from comments.events.shapes import PostShape, own_post_shape
from comments.identity.models import Author
from comments.identity.names import require_name
from comments.sites.models import Site
from comments.threads.models import Post

POSTS_PER_PAGE: Final = 20
CURSOR_MAX_DIGITS: Final = 18  # within a 64-bit column
_GONE: Final = [Post.Status.DELETED, Post.Status.ERASED]


class PageOfPost(TypedDict):
    """Where a post is; `url` is "" where nobody has said it."""

    key: str
    title: str
    url: str


class OwnPost(PostShape):
    thread: PageOfPost


class OwnPosts(TypedDict):
    posts: list[OwnPost]
    next: str | None


def require_free(author: Author, now: datetime) -> None:
    """Raises Banned: a name and a picture are shown to readers, too."""
    if author.is_banned(now):
        raise Banned()


def rename(author: Author, site: Site, name: str, *, account: Callable[[], object]) -> None:
    """Posts that are there keep the name under which they were written, as their events do. Raises Invalid
    for a name of somebody who looks after the site, unless that is whose account asks."""
    if not author.staff_id:
        require_name(site, name, account=account)
    author.name = name
    author.save(update_fields=["name"])


def own_posts(author: Author, cursor: str) -> OwnPosts:
    """A page of what the author wrote on the site, the newest first, as they see it themselves; without what
    was deleted. Raises InvalidCursor."""
    rows = Post.objects.filter(author=author, site=author.site_id).exclude(status__in=_GONE)
    if cursor:
        if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= CURSOR_MAX_DIGITS):
            raise InvalidCursor()
        rows = rows.filter(pk__lt=int(cursor))
    found = list(rows.select_related("thread").order_by("-pk")[: POSTS_PER_PAGE + 1])
    page = found[:POSTS_PER_PAGE]
    return {
        "posts": [_own_post(post) for post in page],
        "next": str(page[-1].pk) if len(found) > POSTS_PER_PAGE else None,
    }


def _own_post(post: Post) -> OwnPost:
    thread = post.thread
    return {
        **own_post_shape(post),
        "thread": {"key": thread.key, "title": thread.title, "url": thread.url},
    }
