"""Fills a site with posts, many of them held, and lets a moderator in; runs inside `manage shell`."""

from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.utils import timezone

from comments.sites.models import Site, SiteGroup
from comments.sites.roles import group_of
from comments.threads.models import Post, Thread
from comments.threads.page import thread_key
from comments.threads.services import first_epoch
from loadtest.seed import RENDERED

THREADS: Final = 1_000
AUTHORS: Final = 20_000
REPORTED_EVERY: Final = 2_000

_AUTHORS: Final = """
INSERT INTO comments_author (site_id, name, email, created)
SELECT %(site)s, 'reader ' || n, 'reader' || n || '@example.org', now() FROM generate_series(1, %(count)s) n
"""
# A post a second up to now; of the site's threads and authors each in its turn.
_POSTS: Final = """
INSERT INTO comments_post (
    site_id, thread_id, author_id, author_name, body, html, status, is_listed, open_flags, address, seq,
    replies, up, down, best, controversy, branch_size, created, idempotency_digest)
SELECT
    %(site)s, (%(threads)s::bigint[])[1 + n %% %(thread_count)s],
    (%(authors)s::bigint[])[1 + n %% %(author_count)s], 'reader ' || n,
    (%(bodies)s::text[])[1 + n %% %(body_count)s] || ' ' || n,
    (%(htmls)s::text[])[1 + n %% %(body_count)s],
    CASE WHEN n %% %(held_every)s = 0 THEN 'pending' ELSE 'published' END,
    n %% %(held_every)s > 0,
    CASE WHEN n %% %(reported_every)s = 1 THEN 1 ELSE 0 END, '198.51.100.7', n,
    0, 0, 0, 0, 0, 0, now() - (%(count)s - n) * interval '1 second', ''
FROM generate_series(1, %(count)s) n
"""


def fill(site_key: str, url: str, posts: int, held_every: int) -> None:
    """So many posts in a thousand threads by 20,000 authors, each `held_every`-th of them held; PostgreSQL
    only."""
    site = Site.objects.get(key=site_key)
    now = timezone.now()
    threads = Thread.objects.bulk_create(
        Thread(
            site=site,
            key=(key := thread_key(site.key, f"queue-{number}")),
            page_id=f"queue-{number}",
            url=f"{url}/queue-{number}",
            title=f"Article {number}",
            epoch=first_epoch(key),
            created=now,
        )
        for number in range(THREADS)
    )
    with connection.cursor() as cursor:
        cursor.execute(_AUTHORS, {"site": site.pk, "count": AUTHORS})
        cursor.execute("SELECT array_agg(id) FROM comments_author WHERE site_id = %s", [site.pk])
        authors = cursor.fetchone()[0]
        values = {
            "site": site.pk,
            "threads": [thread.pk for thread in threads],
            "thread_count": THREADS,
            "authors": authors,
            "author_count": len(authors),
            "bodies": [body for _, body, _ in RENDERED],
            "htmls": [html for _, _, html in RENDERED],
            "body_count": len(RENDERED),
            "held_every": held_every,
            "reported_every": REPORTED_EVERY,
            "count": posts,
        }
        cursor.execute(_POSTS, values)
        # What autovacuum does on a site that grew to this; it cannot be in a test's transaction.
        vacuum = "" if connection.in_atomic_block else "VACUUM "
        cursor.execute(f"{vacuum}ANALYZE comments_post")
        cursor.execute(f"{vacuum}ANALYZE comments_author")


def hold_in(site_key: str, page_ids: list[str], url: str, posts: int, ids: Path) -> None:
    """So many held posts in all, in new threads; their ids go into the file."""
    site = Site.objects.get(key=site_key)
    now = timezone.now()
    threads = []
    for page_id in page_ids:
        key = thread_key(site.key, page_id)
        threads.append(
            Thread.objects.create(
                site=site,
                key=key,
                page_id=page_id,
                url=f"{url}/{page_id}",
                title=page_id,
                epoch=first_epoch(key),
                created=now,
            )
        )
    made = Post.objects.bulk_create(
        Post(
            site=site,
            thread=threads[number % len(threads)],
            author_name=RENDERED[number % len(RENDERED)][0],
            body=RENDERED[number % len(RENDERED)][1],
            html=RENDERED[number % len(RENDERED)][2],
            status=Post.Status.PENDING,
            is_listed=False,
            created=now,
        )
        for number in range(posts)
    )
    ids.write_text(" ".join(str(post.pk) for post in made))


def let_in(site_key: str, session: Path) -> None:
    """Makes a moderator of the site and logs them in; the session's key goes into the file."""
    user = User.objects.create_user("morgan-at-work", is_staff=True)
    user.groups.add(group_of(Site.objects.get(key=site_key), SiteGroup.Role.MODERATOR))
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    session.write_text(str(store.session_key))
