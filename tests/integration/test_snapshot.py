"""The snapshot of a thread: its orders, its pages, its cursors."""

import gzip
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from comments.models import Event, Post, Site, Thread
from comments.moderation.services import hide_post
from comments.threads.queries import ROOTS_PER_PAGE
from comments.threads.ranking import best, controversy
from comments.threads.services import pin, unpin
from tests.cast import Page, Person

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SORTS = ["newest", "oldest", "best", "controversial", "replies"]


@pytest.fixture
def thread(alice: Person) -> Thread:
    """A thread of 23 roots; many share their time and their votes with others."""
    alice.posted()
    thread = Thread.objects.get()
    Post.objects.all().delete()
    Post.objects.bulk_create(
        Post(
            site=thread.site,
            thread=thread,
            author_name=f"{number}",
            created=NOON + timedelta(minutes=number % 4),
            up=number % 5,
            down=number % 3,
            best=best(number % 5, number % 3),
            controversy=controversy(number % 5, number % 3),
            replies=number % 6,
        )
        for number in range(23)
    )
    return thread


def in_order(sort: str, posts: Iterable[Post]) -> list[int]:
    """What the sort promises: its column, then the id, both in one direction."""
    column = {"newest": "created", "oldest": "created", "controversial": "controversy"}.get(sort, sort)
    ordered = sorted(posts, key=lambda post: (getattr(post, column), post.pk), reverse=sort != "oldest")
    return [post.pk for post in ordered]


def read_to_the_end(reader: Person, sort: str, limit: int) -> list[list[int]]:
    pages: list[list[int]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = reader.snapshot(sort=sort, limit=limit, cursor=cursor).data
        pages.append([post["id"] for post in page["posts"]])
        cursor = page["next"]
    return pages


@pytest.mark.parametrize("limit", [1, 7, 23, 200])
@pytest.mark.parametrize("sort", SORTS)
def test_pages_show_every_root_once_in_order(sort: str, limit: int, thread: Thread, bob: Person) -> None:
    pages = read_to_the_end(bob, sort, limit)

    assert [pk for page in pages for pk in page] == in_order(sort, thread.all_posts.all())
    assert all(len(page) == limit for page in pages[:-1])


@pytest.mark.parametrize("sort", SORTS)
def test_a_pinned_root_leads_the_first_page_and_shows_once(sort: str, thread: Thread, bob: Person) -> None:
    pinned = thread.all_posts.order_by("pk")[9]
    pin(thread, pinned, now=NOON)

    pages = read_to_the_end(bob, sort, 7)

    others = thread.all_posts.exclude(pk=pinned.pk)
    assert [pk for page in pages for pk in page] == [pinned.pk, *in_order(sort, others)]


def test_an_unpinned_root_goes_back_to_its_place(thread: Thread, bob: Person) -> None:
    pin(thread, thread.all_posts.order_by("pk")[9], now=NOON)
    unpin(thread, now=NOON)

    (page,) = read_to_the_end(bob, "newest", 50)

    assert page == in_order("newest", thread.all_posts.all())


def test_newest_is_the_order_without_a_wish_and_a_page_has_50_roots(thread: Thread, bob: Person) -> None:
    Post.objects.bulk_create(
        Post(site=thread.site, thread=thread, author_name="bob", created=NOON) for _ in range(40)
    )

    page = bob.snapshot().data

    assert len(page["posts"]) == ROOTS_PER_PAGE == 50
    assert page == bob.snapshot(sort="newest", limit=50).data


def test_what_comes_in_between_two_pages_moves_none(thread: Thread, bob: Person) -> None:
    first = bob.snapshot(limit=10).data
    later = NOON + timedelta(hours=1)
    Post.objects.create(site=thread.site, thread=thread, author_name="late", created=later)

    second = bob.snapshot(limit=50, cursor=first["next"]).data

    read = [post["id"] for post in first["posts"] + second["posts"]]
    assert read == in_order("newest", thread.all_posts.exclude(author_name="late"))


def test_each_root_comes_with_its_first_ten_replies(alice: Person, bob: Person) -> None:
    roots = [alice.posted("one"), alice.posted("two")]
    replies = {root: [bob.posted(parent=root) for _ in range(12)] for root in roots}

    posts = alice.snapshot(sort="oldest").data["posts"]

    assert [post["id"] for post in posts] == [pk for root in roots for pk in (root, *replies[root][:10])]
    assert [post["replies"] for post in posts if post["parent"] is None] == [12, 12]


def test_parents_come_before_their_replies(alice: Person, bob: Person) -> None:
    root = alice.posted()
    first = bob.posted(parent=root)
    bob.posted(parent=root)
    alice.posted(parent=first)

    seen: set[int] = set()
    for post in alice.snapshot().data["posts"]:
        assert post["parent"] is None or post["parent"] in seen
        seen.add(post["id"])


def test_hidden_posts_stay_as_stubs(alice: Person) -> None:
    post = Post.objects.get(pk=alice.posted())

    hide_post(post, now=NOON)

    (stub,) = alice.snapshot().data["posts"]
    assert (stub["status"], stub["html"], stub["author"]["name"]) == ("hidden", "", "")


def encoded(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "é",
        "\x01",
        "====",
        "bnVsbA",
        encoded([]),
        encoded({"a": 1, "b": 2, "c": 3}),
        encoded(["newest", NOON.isoformat()]),
        encoded(["newest", NOON.isoformat(), "1"]),
        encoded(["newest", NOON.isoformat(), -1]),
        encoded(["newest", NOON.isoformat(), 2**63]),
        encoded(["newest", NOON.isoformat(), 1.5]),
        encoded(["newest", "2026-01-01T12:00:00", 1]),
        encoded(["newest", "0001-01-01T00:00:00+14:00", 1]),
        encoded(["newest", "9999-12-31T23:59:59-14:00", 1]),
        encoded(["newest", "tomorrow", 1]),
        encoded(["newest", 5, 1]),
        encoded(["newest", None, 1]),
        encoded(["oldest", NOON.isoformat(), 1]),
        encoded(["best", 0.5, 1]),
        urlsafe_b64encode(b"[" * 149).decode(),
        urlsafe_b64encode(b"\xff\xfe\xfd").decode(),
    ],
)
def test_a_cursor_that_this_call_did_not_give_is_refused(cursor: str, thread: Thread, bob: Person) -> None:
    answer = bob.snapshot(sort="newest", cursor=cursor)

    assert (answer.status, answer.code) == (400, "invalid_cursor")


@pytest.mark.parametrize(
    "value", ["NaN", "Infinity", "-Infinity", "1e999", '"x"', "null", "[]", '"nan"', "1" + "0" * 120 + "e300"]
)
def test_a_score_that_is_none_is_refused(value: str, thread: Thread, bob: Person) -> None:
    cursor = urlsafe_b64encode(f'["best",{value},1]'.encode()).decode().rstrip("=")

    answer = bob.snapshot(sort="best", cursor=cursor)

    assert (answer.status, answer.code) == (400, "invalid_cursor")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"sort": "random"}, "sort"),
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"limit": "9" * 400}, "limit"),
        ({"cursor": "x" * 201}, "cursor"),
        ({"cursor": "\x00"}, "cursor"),
        ({"root": 0}, "root"),
        ({"root": 2**63}, "root"),
        ({"root": 1, "after": "x"}, "after"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(query: dict[str, str | int], field: str, bob: Person) -> None:
    answer = bob.snapshot(**query)

    assert (answer.status, answer.code) == (400, "invalid")
    assert list(answer.data["fields"]) == [field]


def test_an_empty_page_has_a_snapshot_and_no_row(page: Page, bob: Person) -> None:
    snapshot, events, head = bob.snapshot().data, bob.events(after=0).data, bob.head().data

    assert snapshot["posts"] == events["events"] == []
    assert (snapshot["seq"], head["seq"], events["head"]) == (0, 0, 0)
    assert snapshot["thread"]["key"] == page.key
    assert not Thread.objects.exists()
    assert not Event.objects.exists()


def test_an_empty_page_has_the_epoch_that_its_first_post_will_have(
    alice: Person, bob: Person, site: Site
) -> None:
    before = {bob.snapshot().data["epoch"], bob.events(after=0).data["epoch"], bob.head().data["epoch"]}
    alice.posted()
    after = {bob.snapshot().data["epoch"], bob.events(after=0).data["epoch"], bob.head().data["epoch"]}

    assert before == after
    assert len(after) == 1


def test_a_long_answer_is_zipped_for_who_takes_that_and_caches_tell_the_two_apart(alice: Person) -> None:
    for number in range(10):
        alice.posted(f"Comment number {number}, of some length.")

    plain = alice.client.get(alice.page.path)
    zipped = alice.client.get(alice.page.path, headers={"Accept-Encoding": "gzip, br"})

    assert "Content-Encoding" not in plain.headers
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.content) == plain.content
    assert {plain.headers["Vary"], zipped.headers["Vary"]} == {"Accept-Encoding"}


def test_a_short_answer_is_not_zipped(alice: Person) -> None:
    answer = alice.client.get(f"{alice.page.path}head/", headers={"Accept-Encoding": "gzip"})

    assert "Content-Encoding" not in answer.headers
