"""A database that is older than the code is brought up with what it holds."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from comments.models import Post, Site
from comments.threads.latest import latest_of_site


@pytest.fixture
def before_site_of_posts(shared_database: None) -> Iterator[MigrationExecutor]:
    executor = MigrationExecutor(connection)
    executor.migrate([("comments", "0005_site_texts_and_stylesheet")])
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
