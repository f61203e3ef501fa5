"""Fills the demo pages at the first start."""

import json
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction

from comments.demo.articles import ARTICLES, DEMO_SITE_KEY, Article
from comments.demo.recordings import UnreadableRecording, read_recording, recordings_dir
from comments.identity.models import Author
from comments.posting.services import Draft, create_post
from comments.sites.models import Site
from comments.sites.services import create_site
from comments.threads.models import Post, Thread
from comments.threads.page import thread_key
from comments.threads.services import Page


def demo_site(origins: list[str]) -> Site:
    """The site `demo`, made if need be; further origins are added to those it has."""
    site = Site.objects.filter(key=DEMO_SITE_KEY).first()
    if site is None:
        return create_site(DEMO_SITE_KEY, origins=origins, name="The demo", is_unlimited=True)
    missing = [origin for origin in origins if origin not in site.origins]
    if missing:
        site.origins = [*site.origins, *missing]
        site.save(update_fields=["origins"])
    return site


def seed(site: Site, base_url: str, *, now: datetime) -> int:
    """Fills the demo pages that have no thread yet; how many posts it made."""
    with transaction.atomic():
        return sum(
            _seed_article(site, article, base_url, now)
            for article in ARTICLES
            if not Thread.objects.filter(
                key=thread_key(site.key, page_of(article, base_url).page_id)
            ).exists()
        )


def page_of(article: Article, base_url: str) -> Page:
    """The demo pages name their id, so that their threads stay where they are when the port changes."""
    return Page(page_id=article.path, url=base_url + article.path, title=article.title)


def _seed_article(site: Site, article: Article, base_url: str, now: datetime) -> int:
    drafts = _recorded(article) or _own(article, now)
    page = page_of(article, base_url)
    key = thread_key(site.key, page.page_id)
    authors: dict[str, Author] = {}
    posts: list[Post] = []
    for name, body, at, reply_to in drafts:
        author = authors.get(name) or authors.setdefault(name, Author.objects.create(site=site, name=name))
        parent_id = None if reply_to is None else posts[reply_to].pk
        draft = Draft(body=body, name=name, email="", parent_id=parent_id, idempotency_key=None, digest="")
        post, _ = create_post(site, key, page, draft, author=author, now=at)
        posts.append(post)
    return len(posts)


def _recorded(article: Article) -> list[tuple[str, str, datetime, int | None]]:
    try:
        comments = read_recording(recordings_dir() / article.recording)
    except UnreadableRecording:
        return []
    return [(comment.author, comment.body, comment.at, None) for comment in comments if not comment.is_spam]


def _own(article: Article, now: datetime) -> list[tuple[str, str, datetime, int | None]]:
    threads = json.loads((Path(__file__).parent / "threads.json").read_text(encoding="utf-8"))
    return [
        (post["name"], post["body"], now - timedelta(minutes=post["minutes_ago"]), post.get("reply_to"))
        for post in threads[article.slug]
    ]
