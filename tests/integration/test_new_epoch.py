"""A database that was restored from a backup: readers who know more than it does begin anew."""

import json
from typing import Any

import pytest
import redis
from django.core.management import CommandError, call_command
from django.utils import timezone

from comments.events import wire
from comments.events.sweeper import Sweeper
from comments.models import Author, Event, Flag, Post, Thread
from comments.sites.services import create_site
from comments.threads.services import LOST_IDS, Page, begin_new_epoch, first_epoch
from tests.cast import ORIGIN, Person, page_of
from tests.client_model import ClientModel
from tests.pipeline_parts import Reader, everything
from tests.streams import queued

pytestmark = pytest.mark.django_db(transaction=True)


class Backup:
    """The threads, posts, authors and events as they are now; `restore` brings the database back to them."""

    MODELS: tuple[Any, ...] = (Event, Flag, Post, Thread, Author)

    def __init__(self) -> None:
        self._rows = [list(model.objects.order_by("pk")) for model in self.MODELS]

    def restore(self) -> None:
        Post.objects.update(parent=None, root=None)
        for model in self.MODELS:
            model.objects.all().delete()
        for model, rows in reversed(list(zip(self.MODELS, self._rows, strict=True))):
            model.objects.bulk_create(rows)


def reader_of(person: Person) -> Reader:
    page = Page(page_id=person.page.page_id, url=person.page.url, title=person.page.title)
    return Reader(page, person.page.key)


def is_current(reader: Reader) -> bool:
    return reader.model.state() == ClientModel(everything(reader.page, reader.key)).state()


def hear_everything(reader: Reader, client: redis.Redis) -> None:
    """What the formatters would tell the reader of the entries that wait."""
    for entry in queued(client):
        assert isinstance(entry, wire.EventEntry)
        frame = {"epoch": entry.epoch, "last": entry.seq, "events": [json.loads(entry.data)]}
        reader.hear(entry.key, json.dumps(frame))
    reader.look()


def test_a_reader_ahead_of_the_restored_database_converges(
    alice: Person, bob: Person, redis_client: redis.Redis
) -> None:
    alice.posted("Kept.")
    backup = Backup()
    for _ in range(4):
        bob.posted("Lost.")
    reader = reader_of(alice)
    backup.restore()
    redis_client.flushall()

    begin_new_epoch("restored", None, now=timezone.now())
    hear_everything(reader, redis_client)

    assert is_current(reader)
    assert [post["html"] for post in reader.model.posts.values()] == ["<p>Kept.</p>"]


def test_a_reader_of_a_thread_that_the_backup_lacks_hears_of_its_new_beginning(
    alice: Person, redis_client: redis.Redis
) -> None:
    backup = Backup()
    for _ in range(4):
        alice.posted("Lost.")
    reader = reader_of(alice)
    backup.restore()
    redis_client.flushall()

    begin_new_epoch("restored", None, now=timezone.now())
    Person("carol", alice.page).posted("New.")
    hear_everything(reader, redis_client)

    assert is_current(reader)
    assert Thread.objects.get().epoch == first_epoch(alice.page.key) == "restored"


def test_what_was_told_done_before_marks_no_row_of_after(alice: Person, redis_client: redis.Redis) -> None:
    alice.posted("Kept.")
    backup = Backup()
    alice.posted("Lost.")
    lost = Event.objects.get(seq=2)
    backup.restore()
    redis_client.rpush(wire.DONE, wire.done_note(lost.pk, lost.epoch))

    begin_new_epoch("restored", None, now=timezone.now())
    told = Event.objects.get(is_done=False)
    Event.objects.filter(pk=told.pk).update(id=lost.pk)  # as if the database gave the number again
    Sweeper(redis_client).mark_done()

    assert Event.objects.filter(pk=lost.pk, is_done=False).exists()


def test_an_author_who_was_lost_is_nobody_afterwards(alice: Person, bob: Person) -> None:
    alice.posted("Kept.")
    backup = Backup()
    bob.posted("Lost.")
    backup.restore()

    begin_new_epoch("restored", None, now=timezone.now())
    carol = Person("carol", alice.page)
    post_id = carol.posted("Carol's.")

    assert bob.edit(post_id, "Mine?").status in {401, 403}
    assert Author.objects.latest("pk").pk > LOST_IDS


def test_events_that_still_wait_are_done_with_their_epoch(alice: Person) -> None:
    alice.posted()
    alice.posted()

    begin_new_epoch("restored", None, now=timezone.now())

    waiting = Event.objects.get(is_done=False)
    assert (waiting.epoch, waiting.seq) == ("restored", 3)
    assert json.loads(waiting.data)["type"] == "thread.retitled"


def test_the_command_is_for_all_or_for_one_site(alice: Person, capsys: pytest.CaptureFixture[str]) -> None:
    alice.posted()
    other = Person("bob", page_of(create_site("news", origins=[ORIGIN], is_unlimited=True)))
    other.posted()
    before = Thread.objects.get(site__key="blog").epoch

    call_command("new_epoch", "--site", "news")
    of_one = Thread.objects.get(site__key="news").epoch
    unchanged = Thread.objects.get(site__key="blog").epoch
    call_command("new_epoch")

    epochs = set(Thread.objects.values_list("epoch", flat=True))
    assert unchanged == before
    assert len(epochs) == 1
    assert not epochs & {before, of_one}
    assert capsys.readouterr().out == (
        f"1 thread is in epoch {of_one} now.\n2 threads are in epoch {epochs.pop()} now.\n"
    )


def test_a_site_that_does_not_exist_is_told() -> None:
    with pytest.raises(CommandError, match="There is no site 'nowhere'"):
        call_command("new_epoch", "--site", "nowhere")
