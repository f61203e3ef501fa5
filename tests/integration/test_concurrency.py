"""Many at once, on a database that more than one connection has open."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connections

from comments.models import Author, Event, Post, Thread
from comments.sites.services import create_site
from tests.cast import ORIGIN, Answer, Page, Person, page_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shared_page(shared_database: None) -> Page:
    return page_of(create_site("blog", origins=[ORIGIN], is_unlimited=True))


def all_at_once(people: int, act: Callable[[int], Answer]) -> list[Answer]:
    """Everybody acts in a thread of their own, when all are ready."""
    ready = Barrier(people)

    def one(number: int) -> Answer:
        ready.wait(30)
        try:
            return act(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(people) as pool:
        return list(pool.map(one, range(people)))


def test_forty_posts_into_one_thread_all_arrive_and_are_numbered_densely(shared_page: Page) -> None:
    Person("alice", shared_page).posted()

    answers = all_at_once(40, lambda number: Person(f"guest {number}", shared_page).post(f"{number}"))

    thread = Thread.objects.get()
    assert {answer.status for answer in answers} == {201}
    assert sorted(answer.data["seq"] for answer in answers) == list(range(2, 42))
    assert list(Event.objects.order_by("seq").values_list("seq", flat=True)) == list(range(1, 42))
    assert (thread.seq, thread.posts) == (41, 41)


def test_twenty_requests_under_one_key_make_one_post(shared_page: Page) -> None:
    key = uuid4()

    answers = all_at_once(20, lambda _: Person("alice", shared_page).post(idempotency_key=key))

    assert sorted(answer.status for answer in answers) == [200] * 19 + [201]
    assert len({answer.data["id"] for answer in answers}) == 1
    assert (Post.objects.count(), Event.objects.count(), Author.objects.count()) == (1, 1, 1)


@pytest.mark.usefixtures("shared_database")
def test_of_twenty_posts_of_one_address_ten_pass() -> None:
    page = page_of(create_site("limited", origins=[ORIGIN]))

    answers = all_at_once(20, lambda number: Person(f"guest {number}", page).post())

    assert sorted(answer.status for answer in answers) == [201] * 10 + [429] * 10


def test_ten_first_posts_of_a_page_make_one_thread(shared_page: Page) -> None:
    answers = all_at_once(10, lambda number: Person(f"guest {number}", shared_page).post())

    assert {answer.status for answer in answers} == {201}
    assert Thread.objects.count() == 1
    assert sorted(answer.data["seq"] for answer in answers) == list(range(1, 11))


def test_replies_to_one_parent_are_all_counted(shared_page: Page) -> None:
    alice = Person("alice", shared_page)
    parent = alice.posted()

    all_at_once(15, lambda number: Person(f"guest {number}", shared_page).post(parent=parent))

    post = Post.objects.get(pk=parent)
    assert (post.replies, post.branch_size) == (15, 15)
    assert set(post.branch.values_list("branch_index", flat=True)) == set(range(1, 16))


def test_votes_on_one_post_are_all_counted(shared_page: Page) -> None:
    post_id = Person("alice", shared_page).posted()

    answers = all_at_once(
        15, lambda number: Person("bob", shared_page).vote(post_id, 1 if number % 3 else -1)
    )

    post = Post.objects.get()
    assert {answer.status for answer in answers} == {200}
    assert (post.up, post.down) == (10, 5)
