"""Posting and replying through the API."""

import pytest
from django.db.models import Max
from django.utils import timezone

from comments.events.models import Event
from comments.events.shapes import compact_json
from comments.models import Author, Post, Thread
from comments.posting.services import Draft, create_post
from comments.sites.models import Site
from comments.threads.services import Page as PageOfThread
from tests.cast import ORIGIN, Page, Person, page_of

pytestmark = pytest.mark.django_db

PAGE = PageOfThread(page_id="first", url=ORIGIN, title="")


def test_a_post_is_answered_with_itself(alice: Person) -> None:
    answer = alice.post("Hello, *world*.")

    post = answer.data
    assert answer.status == 201
    assert post["html"] == "<p>Hello, <em>world</em>.</p>"
    assert post["body"] == "Hello, *world*."
    assert post["author"] | {"key": ""} == {"name": "alice", "avatar": None, "key": ""}
    assert (post["seq"], post["parent"], post["status"], post["edited"]) == (1, None, "published", None)
    assert (post["score"], post["up"], post["down"], post["replies"]) == (0, 0, 0, 0)


def test_a_post_shows_in_the_snapshot_without_its_source(alice: Person, bob: Person) -> None:
    post = alice.post("Hello, *world*.").data

    snapshot = bob.snapshot().data

    assert snapshot["posts"] == [{name: value for name, value in post.items() if name != "body"}]
    assert snapshot["seq"] == 1
    assert snapshot["thread"]["posts"] == 1


def test_the_first_post_names_the_thread(alice: Person, page: Page) -> None:
    alice.post()

    assert alice.snapshot().data["thread"] == {
        "key": page.key,
        "url": page.url,
        "title": page.title,
        "locked": False,
        "pinned": None,
        "slow_mode_seconds": 0,
        "posts": 1,
    }


def test_a_reply_counts_at_its_parent(alice: Person, bob: Person) -> None:
    parent = alice.posted()

    answer = bob.post("Hi, alice.", parent=parent)

    first, reply = alice.snapshot().data["posts"]
    assert (answer.status, answer.data["parent"], answer.data["seq"]) == (201, parent, 2)
    assert (first["id"], first["replies"]) == (parent, 1)
    assert (reply["id"], reply["parent"], reply["replies"]) == (answer.data["id"], parent, 0)


def test_a_guest_without_a_name_is_a_guest(alice: Person) -> None:
    alice.name = " \u202e\u200b "

    assert alice.post().data["author"]["name"] == "Guest"


def test_a_name_is_told_once(alice: Person) -> None:
    alice.posted()
    alice.name = ""

    answer = alice.post("Me again.")

    assert answer.data["author"]["name"] == "alice"
    assert Author.objects.count() == 1


def test_a_name_that_composing_makes_longer_still_fits(alice: Person) -> None:
    alice.name = "\ufb2c" * 64  # NFC takes each apart into three

    answer = alice.post()

    assert answer.status == 201
    assert len(answer.data["author"]["name"]) == 64


def test_an_email_is_kept_private(alice: Person, bob: Person) -> None:
    answer = alice.post("Hello.", email="alice@private.example")

    public = [bob.snapshot(), bob.events(after=0), bob.look(answer.data["id"]), answer]
    assert Author.objects.get().email == "alice@private.example"
    assert not any("private" in compact_json(told.data) for told in public)


def test_a_page_without_an_id_is_known_by_its_url(alice: Person, site: Site) -> None:
    page = Page(
        site=site.key,
        page_id="blog.example.org/second",
        url="https://www.blog.example.org/second/?utm_source=x",
    )
    site.origins = ["https://www.blog.example.org"]
    site.save()
    told = page.named() | {"page_id": ""}

    answer = alice.send("POST", page.path + "posts/", {"body": "Hello.", "page": told})

    assert answer.status == 201
    assert Thread.objects.get().page_id == "blog.example.org/second"


def test_pages_have_threads_of_their_own(alice: Person, site: Site) -> None:
    alice.posted(page=page_of(site, "first"))
    answer = alice.post(page=page_of(site, "second"))

    assert answer.data["seq"] == 1
    assert Thread.objects.count() == 2


def test_a_thread_keeps_the_title_it_began_with(alice: Person, bob: Person, site: Site) -> None:
    alice.posted()
    bob.posted(page=Page(site=site.key, page_id="first", title="Another"))

    assert alice.snapshot().data["thread"]["title"] == "The first article"


def test_events_are_numbered_densely_from_one(alice: Person, bob: Person) -> None:
    first = alice.posted()
    bob.posted(parent=first)
    alice.edit(first, "Hello, everybody.")
    bob.posted()

    assert list(Event.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2, 3, 4]
    assert Thread.objects.get().seq == 4


def test_the_event_holds_the_post_as_the_snapshot_shows_it(alice: Person) -> None:
    alice.posted()

    (event,) = alice.events(after=0).data["events"]
    assert event == {
        "seq": 1,
        "type": "post.created",
        "posts": 1,
        "parent_replies": None,
        "post": alice.snapshot().data["posts"][0],
        "thread": alice.snapshot().data["thread"],  # of the first event only: until then there was none
    }


def test_later_events_of_posts_say_nothing_of_the_thread(alice: Person) -> None:
    alice.posted()
    alice.posted()

    (event,) = alice.events(after=1).data["events"]
    assert set(event) == {"seq", "type", "posts", "parent_replies", "post"}


def test_a_refused_post_takes_no_number(alice: Person, mallory: Person) -> None:
    alice.posted()
    mallory.post("Hello.", parent=10**6)

    assert alice.post().data["seq"] == 2


def test_a_closed_thread_takes_nothing(alice: Person) -> None:
    alice.posted()
    Thread.objects.update(is_locked=True)

    answer = alice.post()

    assert (answer.status, answer.code) == (403, "thread_locked")


def test_a_site_may_refuse_guests(alice: Person, site: Site) -> None:
    site.guests_may_post = False
    site.save()

    answer = alice.post()

    assert (answer.status, answer.code) == (403, "guests_not_allowed")
    assert not Thread.objects.exists()


def test_a_reply_to_a_stub_is_refused(alice: Person, bob: Person) -> None:
    parent = alice.posted()
    alice.delete(parent)

    answer = bob.post(parent=parent)

    assert (answer.status, answer.code) == (409, "post_deleted")


def test_a_chain_of_1000_replies_reads_like_any_other(alice: Person, bob: Person, site: Site) -> None:
    chain = [alice.posted("0")]
    thread = Thread.objects.get()
    for depth in range(1, 1_000):
        draft = Draft(str(depth), "alice", "", parent_id=chain[-1], idempotency_key=None, digest="")
        chain.append(create_post(site, thread.key, PAGE, draft, author=None, now=timezone.now())[0].pk)
    chain.append(bob.posted("1000", parent=chain[-1]))

    snapshot = alice.snapshot().data
    read = [post["id"] for post in snapshot["posts"]]
    pages, after = 0, str(read[-1])
    while after:
        page = alice.snapshot(root=chain[0], after=after).data
        read += [post["id"] for post in page["posts"]]
        pages, after = pages + 1, page["next"]

    assert read == chain
    assert len(snapshot["posts"]) == 11
    assert pages == 5
    assert Post.objects.aggregate(Max("branch_index"))["branch_index__max"] == 1_000


def test_a_branch_is_read_from_its_root_too(alice: Person, bob: Person) -> None:
    root = alice.posted()
    replies = [bob.posted(parent=root) for _ in range(3)]
    alice.posted("Another branch.")

    page = alice.snapshot(root=root).data

    assert [post["id"] for post in page["posts"]] == replies
    assert page["next"] is None


def test_a_branch_of_another_thread_is_not_found(alice: Person, site: Site) -> None:
    root = alice.posted(page=page_of(site, "second"))
    own = alice.posted()

    for query in ({"root": root}, {"root": own, "after": root}, {"root": own, "after": 10**9}):
        answer = alice.snapshot(**query)
        assert (answer.status, answer.code) == (404, "unknown_post")


def test_reading_says_that_it_may_be_cached_and_posting_that_it_may_not(alice: Person) -> None:
    posted = alice.post()

    snapshot, events, head = alice.snapshot(), alice.events(after=0), alice.head()
    assert snapshot.headers["Cache-Control"] == "public, max-age=1, stale-while-revalidate=1"
    for answer in (events, head):  # which must not hide for longer that something was missed
        assert answer.headers["Cache-Control"] == "public, max-age=1"
    assert not any("Set-Cookie" in answer.headers for answer in (snapshot, events, head))
    assert posted.headers["Cache-Control"] == "no-store"
