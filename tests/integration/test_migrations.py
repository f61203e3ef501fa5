"""A database that is older than the code is brought up with what it holds."""

import re
from collections.abc import Iterator
from importlib import import_module

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from comments.models import Author, Post, Site
from comments.threads.latest import latest_of_site


@pytest.fixture
def before_site_of_posts(shared_database: None) -> Iterator[MigrationExecutor]:
    yield from database_at("0005_site_texts_and_stylesheet")


@pytest.fixture
def before_author_keys(shared_database: None) -> Iterator[MigrationExecutor]:
    yield from database_at("0012_thread_to_close")


def database_at(migration: str) -> Iterator[MigrationExecutor]:
    executor = MigrationExecutor(connection)
    executor.migrate([("comments", migration)])
    yield executor
    migrate_up()


def migrate_up() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def test_posts_that_were_there_learn_their_site(before_site_of_posts: MigrationExecutor) -> None:
    then = before_site_of_posts.loader.project_state([("comments", "0005_site_texts_and_stylesheet")]).apps
    now = timezone.now()
    for name in ("first", "second"):
        site = then.get_model("comments", "Site").objects.create(key=name, origins=[])
        thread = then.get_model("comments", "Thread").objects.create(
            site=site, key=name, page_id=name, url="", epoch="e", created=now
        )
        old_posts = then.get_model("comments", "Post").objects
        root = old_posts.create(thread=thread, author_name=name, body="x", html="x", created=now)
        old_posts.create(thread=thread, author_name=name, parent=root, root=root, branch_index=1, created=now)

    migrate_up()

    assert Post.objects.count() == 4
    for site_now in Site.objects.all():
        assert [post.author_name for post in latest_of_site(site_now)] == [site_now.key] * 2


def test_authors_that_were_there_get_keys_and_their_posts_know_them(
    before_author_keys: MigrationExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = import_module("comments.migrations.0014_keys_of_old_authors")
    monkeypatch.setattr(keys, "BATCH_ROWS", 2)  # more than one step
    then = before_author_keys.loader.project_state([("comments", "0012_thread_to_close")]).apps
    now = timezone.now()
    site = then.get_model("comments", "Site").objects.create(key="blog", origins=[])
    thread = then.get_model("comments", "Thread").objects.create(
        site=site, key="t", page_id="t", url="", epoch="e", created=now
    )
    old_posts, old_authors = then.get_model("comments", "Post").objects, then.get_model("comments", "Author")
    authors = [old_authors.objects.create(site=site, name=f"{number}") for number in range(4)]
    authors.append(old_authors.objects.create(pk=10**15, site=site, name="after a gap"))
    for author in [*authors, *authors, None]:
        old_posts.create(
            site=site, thread=thread, author=author, author_name="x", body="x", html="x", created=now
        )

    migrate_up()

    told = dict(Author.objects.values_list("pk", "public_key"))
    assert len(set(told.values())) == 5
    assert all(re.fullmatch("[a-z2-7]{12}", key) for key in told.values())
    assert [post.author_key for post in Post.objects.order_by("pk")] == [*told.values(), *told.values(), ""]
