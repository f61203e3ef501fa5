"""A page of the queue reads as much of a site of many posts as it shows: its statements' plans say so."""

import json
from itertools import product
from typing import Any, get_args

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from comments.models import Post, Site
from comments.moderation.queries import QUEUES, Asked, Order, counts, queue_page
from loadtest.seed_queue import fill

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

POSTS = 40_000
HELD_EVERY = 20
PAGE = 51  # and one more, to know whether there is a next page


@pytest.fixture
def large_site(site: Site) -> Site:
    fill(site.key, "https://blog.example.org", POSTS, HELD_EVERY)
    return site


def plans(queries: CaptureQueriesContext) -> list[dict[str, Any]]:
    """How PostgreSQL ran each of them, with the rows that it read."""
    found = []
    with connection.cursor() as cursor:
        for query in queries.captured_queries:
            cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + query["sql"])
            answer = cursor.fetchone()[0]
            found.append((json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"])
    return found


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes(child))]


def rows_read(node: dict[str, Any]) -> int:
    lost = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return int((node["Actual Rows"] + lost) * node["Actual Loops"])


def test_a_page_is_read_from_an_index_and_no_further(large_site: Site) -> None:
    middle = Post.objects.order_by("pk")[POSTS // 2]
    cursor = f"{middle.created.isoformat()}~{middle.pk}"

    for queue, order, after in product(QUEUES, get_args(Order), ["", cursor]):
        with CaptureQueriesContext(connection) as queries:
            queue_page(queue, [large_site.pk], Asked(order=order, cursor=after))
        for plan in plans(queries):
            scans = [node for node in nodes(plan) if "Scan" in node["Node Type"]]
            assert all(node["Node Type"] != "Seq Scan" for node in scans), plan
            assert sum(map(rows_read, scans)) <= PAGE + 1, plan

    with CaptureQueriesContext(connection) as queries:
        found = counts(Site.objects.filter(pk=large_site.pk))
    assert found["pending"] == POSTS // HELD_EVERY
    for plan in plans(queries):
        scans = [node for node in nodes(plan) if node.get("Relation Name") == "comments_post"]
        assert all(node["Node Type"] != "Seq Scan" for node in scans), plan
        assert sum(map(rows_read, scans)) <= found["pending"] + found["reported"], plan
