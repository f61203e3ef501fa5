"""Whatever happened, an old snapshot and the events since it are a fresh snapshot (G2, G3, G4)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comments.errors import KibitzError
from comments.models import Author, Post, Site, Thread
from comments.moderation.services import approve_post, hide_post
from comments.posting.services import Draft, create_post, delete_post, edit_post
from comments.posting.voting import vote
from comments.sites.services import create_site
from comments.threads.page import thread_key
from comments.threads.queries import Snapshot, branch_page, events_after, thread_page
from comments.threads.services import Page, lock_against_posting, pin, retitle, unpin
from tests.cast import ORIGIN
from tests.client_model import ClientModel

pytestmark = pytest.mark.django_db

SITE, PAGE = "history", Page(page_id="first", url=ORIGIN, title="The first article")
KEY = thread_key(SITE, PAGE.page_id)

# An operation, the post that it concerns (counted around), and something to tell it apart.
Operation = tuple[str, int, int]
WEIGHTS = {
    "root": 4,
    "reply": 5,
    "held": 2,
    "edit": 3,
    "delete": 2,
    "approve": 3,
    "hide": 3,
    "lock": 1,
    "unlock": 1,
    "pin": 2,
    "unpin": 1,
    "retitle": 1,
    "vote": 6,
    "look": 2,
}
operations: st.SearchStrategy[list[Operation]] = st.lists(
    st.tuples(
        st.sampled_from([name for name, weight in WEIGHTS.items() for _ in range(weight)]),
        st.integers(0, 30),
        st.integers(0, 5),
    ),
    min_size=8,
    max_size=40,
)
quick = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class History:
    """One thread in which things happen; who looks keeps the snapshot, who is connected gets every frame."""

    def __init__(self) -> None:
        self.site = create_site(SITE, origins=[ORIGIN])
        self.people = [
            Author.objects.create(site=self.site, name=name) for name in ("alice", "bob", "morgan")
        ]
        self.old: list[ClientModel] = [ClientModel(everything())]
        self.connected: list[ClientModel] = []
        self._minutes = count()

    def happen(self, operation: Operation) -> None:
        """Does it, or learns that it cannot be done now, which changes nothing."""
        name, which, what = operation
        posts = list(Post.objects.order_by("pk"))
        if name == "approve":  # the others would not change
            posts = [post for post in posts if post.status in {Post.Status.PENDING, Post.Status.HIDDEN}]
        post = posts[which % len(posts)] if posts else None
        thread = Thread.objects.filter(key=KEY).first()
        with transaction.atomic():
            try:
                totals = self._do(name, post, thread, what)
            except KibitzError:
                transaction.set_rollback(True)
                return
        self._tell(totals)

    def _do(self, name: str, post: Post | None, thread: Thread | None, what: int) -> dict[str, Any]:
        now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=next(self._minutes))
        person = self.people[what % 3]
        match name:
            case "look":
                pages = everything()
                self.old.append(ClientModel(pages))
                self.connected.append(ClientModel(pages))
            case "root" | "reply" | "held":
                self.site.moderation = Site.Moderation.PRE if name == "held" else Site.Moderation.POST
                parent_id = post.pk if post and name != "root" else None
                draft = Draft(f"Number {what}.", person.name, "", parent_id, idempotency_key=None, digest="")
                create_post(self.site, KEY, PAGE, draft, author=person, now=now)
        if post is None or thread is None:
            return {}
        match name:
            case "edit":
                edit_post(post, f"Edited {what}.", author=None, is_moderator=True, now=now)
            case "delete":
                delete_post(post, author=None, is_moderator=True, now=now)
            case "approve":
                approve_post(post, now=now)
            case "hide":
                hide_post(post, now=now)
            case "lock" | "unlock":
                lock_against_posting(thread, is_locked=name == "lock", now=now)
            case "pin":
                pin(thread, post, now=now)
            case "unpin":
                unpin(thread, now=now)
            case "retitle":
                retitle(thread, f"Title {what}", now=now)
            case "vote":
                value = (1, -1, 0)[what % 3]
                return {str(post.pk): vote(post, value, author=self.people[what // 2])}  # type: ignore[arg-type]
        return {}

    def _tell(self, totals: dict[str, Any]) -> None:
        frames = frames_after(self.connected[0].seq) if self.connected else []  # all of them are equally far
        for client in self.connected:
            for frame in frames:
                client.receive({"events": frame["events"]})
            client.receive({"totals": totals})


def everything() -> list[Snapshot]:
    """A fresh snapshot: every page, and every branch to its end."""
    pages: list[Snapshot] = []
    cursor: str | None = ""
    while cursor is not None:
        pages.append(thread_page(KEY, sort="oldest", cursor=cursor, limit=3))
        cursor = pages[-1]["next"]
    for root in [post for page in pages for post in page["posts"] if post["parent"] is None]:
        after: str | None = str(root["id"])
        while after is not None:
            pages.append(branch_page(KEY, root_id=root["id"], after_id=int(after)))
            after = pages[-1]["next"]
    if not pages[0]["thread"]["url"]:
        # Who reads a page that has no thread yet stands on it, and so knows its address and title.
        pages[0]["thread"] |= {"url": PAGE.url, "title": PAGE.title}
    return pages


def frames_after(seq: int) -> list[dict[str, Any]]:
    """What `events/?after=` answers until nothing is left."""
    frames: list[dict[str, Any]] = []
    while True:
        replay = events_after(KEY, seq)
        totals = {str(pk): tally for pk, tally in replay.totals.items()}
        frames.append({"events": [json.loads(event) for event in replay.events], "totals": totals})
        if replay.last == replay.head:
            return frames
        seq = replay.last


@contextmanager
def history_of(chosen: list[Operation]) -> Iterator[History]:
    """A history that is undone afterwards, so that each example begins with nothing."""
    with transaction.atomic():
        history = History()
        for operation in chosen:
            history.happen(operation)
        yield history
        transaction.set_rollback(True)


@quick
@given(operations)
def test_an_old_snapshot_and_its_events_are_a_fresh_snapshot(chosen: list[Operation]) -> None:
    with history_of(chosen) as history:
        fresh = ClientModel(everything()).state()

        for client in history.old:
            for frame in frames_after(client.seq):
                client.receive(frame)

            assert client.state() == fresh


@quick
@given(operations, st.integers())
def test_neither_their_order_nor_repetition_matters(chosen: list[Operation], seed: int) -> None:
    with history_of(chosen) as history:
        fresh, random = ClientModel(everything()).state(), Random(seed)

        for client in history.old:
            *_, last = frames = frames_after(client.seq)
            events = [event for frame in frames for event in frame["events"]] * 2
            random.shuffle(events)
            while events:
                run = random.randint(1, len(events))
                client.receive({"events": events[:run]})
                events = events[run:]
            client.receive({"totals": last["totals"]})

            assert client.state() == fresh


@quick
@given(operations)
def test_a_client_that_stays_connected_has_what_a_fresh_snapshot_has(chosen: list[Operation]) -> None:
    with history_of(chosen) as history:
        fresh = ClientModel(everything()).state()

        for client in history.connected:
            assert client.state() == fresh


@quick
@given(operations)
def test_numbers_are_dense_and_counts_are_true(chosen: list[Operation]) -> None:
    with history_of(chosen):
        _, seq, thread, posts = ClientModel(everything()).state()

        numbers = [event["seq"] for frame in frames_after(0) for event in frame["events"]]
        assert numbers == list(range(1, seq + 1))
        assert thread["posts"] == sum(post["status"] == "published" for post in posts.values())
        for post in posts.values():
            assert post["replies"] == sum(other["parent"] == post["id"] for other in posts.values())
            assert 1 <= post["seq"] <= seq


def test_every_kind_of_event_can_happen() -> None:
    story: list[Operation] = [
        ("root", 0, 0),
        ("reply", 0, 1),
        ("edit", 0, 2),
        ("held", 0, 0),
        ("approve", 2, 0),
        ("pin", 0, 0),
        ("unpin", 0, 0),
        ("hide", 1, 0),
        ("delete", 2, 0),
        ("retitle", 0, 1),
        ("lock", 0, 0),
        ("unlock", 0, 0),
    ]
    with history_of(story):
        kinds = {event["type"] for frame in frames_after(0) for event in frame["events"]}

    assert kinds == {
        "post.created",
        "post.edited",
        "post.approved",
        "post.hidden",
        "post.deleted",
        "thread.pinned",
        "thread.unpinned",
        "thread.retitled",
        "thread.locked",
        "thread.unlocked",
    }
