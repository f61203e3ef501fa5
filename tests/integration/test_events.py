"""What comes after a number: replay in pages, votes since, and when there is nothing to replay from."""

import json
from typing import Any

import pytest
from django.utils import timezone

from comments.models import Event, Post, Thread
from comments.threads import queries
from comments.threads.services import lock_against_posting, pin, retitle, unpin
from tests.cast import Person

pytestmark = pytest.mark.django_db


def test_a_reader_who_has_everything_gets_nothing(alice: Person, bob: Person) -> None:
    alice.posted()

    frame = bob.events(after=1).data

    assert (frame["first"], frame["last"], frame["head"]) == (2, 1, 1)
    assert (frame["events"], frame["totals"]) == ([], {})


def test_events_come_200_at_a_time(alice: Person, bob: Person) -> None:
    post_id = alice.posted()
    thread = Thread.objects.get()
    event = json.loads(Event.objects.get().data)
    Event.objects.bulk_create(
        Event(
            thread=thread,
            key=thread.key,
            epoch=thread.epoch,
            seq=seq,
            data=json.dumps(event | {"seq": seq, "type": "post.edited"}),
            created=timezone.now(),
        )
        for seq in range(2, 452)
    )
    Thread.objects.update(seq=451)

    frames = [bob.events(after=after).data for after in (0, 200, 400, 451)]

    assert [(frame["first"], frame["last"]) for frame in frames] == [
        (1, 200),
        (201, 400),
        (401, 451),
        (452, 451),
    ]
    assert {frame["head"] for frame in frames} == {451}
    assert [event["seq"] for frame in frames for event in frame["events"]] == list(range(1, 452))
    assert frames[0]["events"][0]["post"]["id"] == post_id


def test_a_number_ahead_of_the_thread_needs_a_new_snapshot(alice: Person, bob: Person) -> None:
    alice.posted()

    answer = bob.events(after=2)

    assert (answer.status, answer.code) == (410, "resync")


def test_a_number_of_a_thread_that_is_gone_needs_a_new_snapshot(bob: Person) -> None:
    answer = bob.events(after=1)

    assert (answer.status, answer.code) == (410, "resync")


def test_forgotten_events_need_a_new_snapshot(alice: Person, bob: Person) -> None:
    for _ in range(3):
        alice.posted()
    Event.objects.filter(seq__lte=2).delete()

    assert bob.events(after=0).code == bob.events(after=1).code == "resync"
    assert [event["seq"] for event in bob.events(after=2).data["events"]] == [3]


def test_events_that_are_all_forgotten_need_a_new_snapshot(alice: Person, bob: Person) -> None:
    alice.posted()
    Event.objects.all().delete()

    assert bob.events(after=0).code == "resync"
    assert bob.events(after=1).data["events"] == []


def test_events_of_another_incarnation_need_a_new_snapshot(alice: Person, bob: Person) -> None:
    alice.posted()
    Thread.objects.update(epoch="restored")

    assert bob.events(after=0).code == "resync"
    assert bob.head().data == {"epoch": "restored", "seq": 1}


@pytest.mark.parametrize("after", ["", "x", "-1", "1.5", str(2**63), "9" * 400, "\x00", "NaN"])
def test_a_number_that_is_none_is_refused(after: str, bob: Person) -> None:
    answer = bob.events(after=after)

    assert (answer.status, answer.code) == (400, "invalid")
    assert list(answer.data["fields"]) == ["after"]


def test_a_number_has_to_be_given(bob: Person) -> None:
    assert bob.events().code == "invalid"


def test_totals_are_of_votes_since_the_number(alice: Person, bob: Person) -> None:
    first, second = alice.posted(), alice.posted()
    bob.vote(first, 1)
    alice.posted()
    bob.vote(second, -1)

    assert bob.events(after=2).data["totals"] == {
        str(first): {"score": 1, "up": 1, "down": 0},
        str(second): {"score": -1, "up": 0, "down": 1},
    }
    assert bob.events(after=3).data["totals"] == {str(second): {"score": -1, "up": 0, "down": 1}}


def test_totals_tell_of_a_vote_taken_back(alice: Person, bob: Person) -> None:
    post_id = alice.posted()
    bob.vote(post_id, 1)
    bob.vote(post_id, 0)

    assert bob.events(after=1).data["totals"] == {str(post_id): {"score": 0, "up": 0, "down": 0}}


def test_totals_say_nothing_of_stubs(alice: Person, bob: Person) -> None:
    post_id = alice.posted()
    bob.vote(post_id, 1)
    alice.delete(post_id)

    assert bob.events(after=1).data["totals"] == {}


def test_changes_of_the_thread_are_events_of_their_own(alice: Person, bob: Person) -> None:
    post_id = alice.posted()
    thread, now = Thread.objects.get(), timezone.now()
    post = thread.all_posts.get()

    lock_against_posting(thread, is_locked=True, now=now)
    lock_against_posting(thread, is_locked=False, now=now)
    pin(thread, post, now=now)
    unpin(thread, now=now)
    retitle(thread, "Another \u202e title", now=now)

    events = bob.events(after=1).data["events"]
    assert [(event["seq"], event["type"]) for event in events] == [
        (2, "thread.locked"),
        (3, "thread.unlocked"),
        (4, "thread.pinned"),
        (5, "thread.unpinned"),
        (6, "thread.retitled"),
    ]
    assert [event["thread"]["locked"] for event in events] == [True, False, False, False, False]
    assert [event["thread"]["pinned"] for event in events] == [None, None, post_id, None, None]
    assert events[2]["post"]["id"] == post_id
    assert events[4]["thread"] == bob.snapshot().data["thread"]
    assert events[4]["thread"]["title"] == "Another title"


def test_a_change_to_what_is_so_already_is_no_event(alice: Person, bob: Person) -> None:
    alice.posted()
    thread, now = Thread.objects.get(), timezone.now()
    post = thread.all_posts.get()

    for _ in range(2):
        lock_against_posting(thread, is_locked=True, now=now)
        pin(thread, post, now=now)
        retitle(thread, "Another", now=now)

    assert bob.head().data["seq"] == 4


def test_more_totals_than_an_answer_takes_come_with_the_next(
    alice: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "TOTALS_PER_ANSWER", 3)
    first = alice.posted()
    for number in range(1, 9):
        post_id = alice.posted()
        bob.vote(post_id, 1 if number % 2 else -1)
    bob.vote(first, -1)

    answers: list[dict[str, Any]] = []
    after = 1
    while not answers or answers[-1]["last"] < answers[-1]["head"]:
        answers.append(bob.events(after=after).data)
        after = answers[-1]["last"]

    assert [event["seq"] for answer in answers for event in answer["events"]] == list(range(2, 10))
    assert {post_id for answer in answers for post_id in answer["totals"]} == set(
        map(str, Post.objects.values_list("pk", flat=True))
    )
    assert max(len(answer["totals"]) for answer in answers) <= 4


def test_votes_that_no_event_divides_come_all_at_once(
    alice: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "TOTALS_PER_ANSWER", 3)
    posts = [alice.posted() for _ in range(6)]
    for post_id in posts:
        bob.vote(post_id, 1)

    behind, current = bob.events(after=5).data, bob.events(after=6).data

    assert list(behind["totals"]) == list(current["totals"]) == list(map(str, posts))
    assert (behind["last"], current["last"]) == (6, 6)
