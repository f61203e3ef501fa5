"""Fills a thread with many posts at once, so that reading it can be measured; runs inside `manage shell`."""

from collections.abc import Iterator
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from comments.markup.render import render
from comments.sites.models import Site
from comments.threads.models import Post, Thread
from comments.threads.page import thread_key
from comments.threads.services import first_epoch
from loadtest.texts import texts

BATCH = 2_000


def seed(site_key: str, page_id: str, url: str, posts: int) -> None:
    """A new thread of so many posts, a second apart up to now: each third is a reply to the one before it."""
    key = thread_key(site_key, page_id)
    now = timezone.now()
    with transaction.atomic():
        thread = Thread.objects.create(
            site=Site.objects.get(key=site_key),
            key=key,
            page_id=page_id,
            url=url,
            title=page_id,
            epoch=first_epoch(key),
            seq=posts,
            posts=posts,
            created=now - timedelta(seconds=posts),
        )
        roots: dict[int, Post] = {}
        for post in Post.objects.bulk_create(_roots(thread, posts), batch_size=BATCH):
            roots[post.seq] = post
        Post.objects.bulk_create(_replies(thread, posts, roots), batch_size=BATCH)


def _roots(thread: Thread, posts: int) -> Iterator[Post]:
    for number in range(1, posts + 1):
        if number % 3:
            replies = int(number % 3 == 2 and number < posts)
            yield _post(thread, number, replies=replies, branch_size=replies)


def _replies(thread: Thread, posts: int, roots: dict[int, Post]) -> Iterator[Post]:
    for number in range(3, posts + 1, 3):
        root = roots[number - 1]
        yield _post(thread, number, parent=root, root=root, branch_index=1)


def _post(thread: Thread, number: int, **fields: object) -> Post:
    author, body, html = RENDERED[number % len(RENDERED)]
    created = thread.created + timedelta(seconds=number)
    return Post(
        site=thread.site,
        thread=thread,
        author_name=author,
        body=body,
        html=html,
        seq=number,
        created=created,
        **fields,
    )


RENDERED = [(author, body, render(body)) for author, body in texts()]
