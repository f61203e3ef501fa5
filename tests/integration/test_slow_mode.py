"""Slow mode: a thread in which one author writes only so often."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from comments.models import Post, Site, Thread
from comments.threads.services import slow_down
from tests.cast import Person

pytestmark = pytest.mark.django_db

PAUSE_SECONDS = 60


@pytest.fixture
def slow_thread(alice: Person, bob: Person) -> Thread:
    """A thread that bob wrote in, and that a moderator slowed down after it."""
    Site.objects.update(is_unlimited=False)
    bob.posted("Before it.")
    thread = Thread.objects.select_related("site").get()
    Post.objects.update(created=timezone.now() - timedelta(seconds=PAUSE_SECONDS))
    slow_down(thread, PAUSE_SECONDS, now=timezone.now())
    return thread


@pytest.mark.usefixtures("slow_thread")
def test_an_author_waits_between_two_posts_and_is_told_how_long(alice: Person, bob: Person) -> None:
    first = alice.posted("The first.")

    refused = alice.post("The second.", parent=first)

    assert (refused.status, refused.code) == (429, "slow_mode")
    assert 0 < int(refused.headers["Retry-After"]) <= PAUSE_SECONDS
    assert bob.posted("Another author, after a while.")
    Post.objects.update(created=timezone.now() - timedelta(seconds=PAUSE_SECONDS))
    assert alice.posted("The second.")


@pytest.mark.usefixtures("slow_thread")
def test_a_deleted_post_counts_too(alice: Person) -> None:
    alice.delete(alice.posted("The first."))

    assert alice.post("The second.").code == "slow_mode"


@pytest.mark.usefixtures("slow_thread")
def test_a_site_without_limits_has_no_slow_mode(alice: Person, site: Site) -> None:
    Site.objects.filter(pk=site.pk).update(is_unlimited=True)
    alice.posted("The first.")

    assert alice.posted("The second.")


def test_readers_hear_of_it(alice: Person, slow_thread: Thread) -> None:
    slow_down(slow_thread, PAUSE_SECONDS, now=timezone.now())  # once more changes nothing
    slow_down(slow_thread, 0, now=timezone.now())

    events = alice.events(after=1).data["events"]

    assert [event["type"] for event in events] == ["thread.slowed"] * 2
    assert [event["thread"]["slow_mode_seconds"] for event in events] == [PAUSE_SECONDS, 0]
    assert alice.snapshot().data["thread"]["slow_mode_seconds"] == 0


@pytest.mark.parametrize(("given", "stored"), [("30", 30), ("-1", 0), ("86401", 0), ("soon", 0)])
def test_a_moderator_sets_it_in_the_admin(morgan: Person, alice: Person, given: str, stored: int) -> None:
    alice.posted()
    thread = Thread.objects.get()

    morgan.client.post(
        reverse("admin:comments_thread_change", args=[thread.pk]),
        {"slow_mode_seconds": given, "title": "Forged.", "posts": "7"},
    )

    thread.refresh_from_db()
    assert (thread.slow_mode_seconds, thread.is_locked, thread.posts) == (stored, False, 1)
    assert thread.title != "Forged."
    assert [event["type"] for event in alice.events(after=1).data["events"]] == ["thread.slowed"] * bool(
        stored
    )
