"""Writers, sweeper, formatters and readers in any order, with any part dying at any line: nothing is lost."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final

import pytest
import redis
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from comments.errors import KibitzError
from comments.events import outbox, wire
from comments.events.dead_letters import replay_dead
from comments.events.outbox import entry_of
from comments.events.redis_clients import command_client
from comments.events.sweeper import Sweeper
from comments.models import Author, Event, Incarnation, Post, Site, Thread
from comments.posting.services import Draft, create_post, delete_post, edit_post
from comments.sites.services import create_site
from comments.threads.services import Page, begin_new_epoch
from realtime import formatter as formatter_module
from tests.cast import ORIGIN
from tests.client_model import ClientModel
from tests.pipeline_parts import (
    POISON,
    Carrier,
    Clock,
    Crash,
    Reader,
    Worker,
    everything,
    key_of,
    let_entries_age,
)

pytestmark = pytest.mark.django_db(transaction=True)

# The second and the third go through another stream than the first where there are two.
PAGES: Final = [Page(page_id=name, url=f"{ORIGIN}/{name}/", title=name) for name in ("one", "two", "three")]
ROUNDS_TO_DIE: Final = wire.MAX_DELIVERIES + 2
UNREADABLE: Final = (
    {"kind": "gossip"},
    {"kind": "event", "id": "7"},
    {"kind": "event", "id": "", "key": "k", "epoch": "e", "seq": "many", "data": "{}", "site": ""},
    {"kind": "totals", "key": "k", "data": "[]"},
)
EXAMPLES: Final = 25
STEPS: Final = 50


class _RolledBack(Exception):
    pass


class Pipeline(RuleBasedStateMachine):
    """`url` and `client` are set by the test."""

    url: str
    client: Any  # redis-py types every answer as "this, or an Awaitable of it"

    def __init__(self) -> None:
        super().__init__()
        self.client.flushall()
        Post.objects.update(parent=None, root=None)  # which protect their posts
        for model in (Thread, Author, Incarnation):
            model.objects.all().delete()
        self.site = Site.objects.get()
        self.author = Author.objects.create(site=self.site, name="alice")
        self.clock = Clock()
        self.numbers = count(1)
        self.readers = [Reader(page, key_of(self.site.key, page)) for page in PAGES for _ in range(2)]
        self.carrier = Carrier(self.readers)
        self.workers: list[Worker] = []
        self.sweeper = Sweeper(self.client, monotonic=self.clock)
        self.buried: set[int] = set()
        self.closing = contextlib.ExitStack()
        self.redis_away = self.closing.enter_context(pytest.MonkeyPatch.context())
        self.formatters = 1

    @initialize(formatters=st.sampled_from([1, 2]))
    def begin(self, formatters: int) -> None:
        self._scale(formatters)

    # Writers

    @rule(
        page=st.integers(0, 2),
        posts=st.integers(1, 4),
        reply=st.booleans(),
        poison=st.sampled_from([False, False, True]),
    )
    def post(self, page: int, posts: int, reply: bool, poison: bool) -> None:
        shown = Post.objects.filter(thread__page_id=PAGES[page].page_id, status="published")
        parent_id = shown.values_list("pk", flat=True).last() if reply else None
        for _ in range(posts):
            self._post(PAGES[page], f"{POISON if poison else 'Number'} {next(self.numbers)}.", parent_id)

    @rule(which=st.integers(0, 20), deletes=st.booleans())
    def change(self, which: int, deletes: bool) -> None:
        posts = list(Post.objects.order_by("pk"))
        if not posts:
            return
        with contextlib.suppress(KibitzError):
            if deletes:
                delete_post(posts[which % len(posts)], author=None, is_moderator=True, now=self._now())
            else:
                text = f"Edited {next(self.numbers)}."
                edit_post(posts[which % len(posts)], text, author=None, is_moderator=True, now=self._now())

    @rule(page=st.integers(0, 2))
    def post_and_roll_back(self, page: int) -> None:
        with contextlib.suppress(_RolledBack), transaction.atomic():
            self._post(PAGES[page], "Never said.", None)
            raise _RolledBack

    @rule(is_away=st.booleans())
    def redis_goes_or_comes_for_writers(self, is_away: bool) -> None:
        self.redis_away.undo()
        if is_away:
            self.redis_away.setattr(outbox, "enqueue", lambda *_, **__: False)

    # Redis loses things, gets what it should not, and gets things twice

    @rule(what=st.sampled_from(["everything", "group", "stream"]), index=st.integers(0, 1))
    def redis_loses(self, what: str, index: int) -> None:
        stream = wire.stream_name(index)
        match what:
            case "everything":
                self.client.flushall()
            case "stream":
                self.client.delete(stream)
            case "group":
                with contextlib.suppress(redis.ResponseError):
                    self.client.xgroup_destroy(stream, wire.GROUP)

    @rule(which=st.integers(0, 3), index=st.integers(0, 1))
    def somebody_adds_nonsense(self, which: int, index: int) -> None:
        self._add(index, UNREADABLE[which])

    @rule(which=st.integers(0, 40), index=st.integers(0, 1))
    def an_entry_comes_twice(self, which: int, index: int) -> None:
        rows = list(Event.objects.order_by("pk"))
        if rows:
            self._add(index, entry_of(rows[which % len(rows)], self.site.key).fields())

    # Formatters

    @rule(formatters=st.sampled_from([1, 2]))
    def scale(self, formatters: int) -> None:
        self._scale(formatters)

    @precondition(lambda self: self.workers)
    @rule(
        which=st.integers(0, 2),
        troubles=st.lists(st.sampled_from(["away", "breaks", "dies", "defect"]), max_size=2),
    )
    def carrier_has_trouble(self, which: int, troubles: list[str]) -> None:
        self.carrier.troubles = troubles

    @precondition(lambda self: self.workers)
    @rule(which=st.integers(0, 2), trouble=st.sampled_from(["away", "dies before", "dies after"]))
    def acknowledging_has_trouble(self, which: int, trouble: str) -> None:
        self.workers[which % len(self.workers)].queue.troubles = [trouble]

    @precondition(lambda self: self.workers)
    @rule(which=st.integers(0, 2))
    def work(self, which: int) -> None:
        self._work(self.workers[which % len(self.workers)], "read", "flush")

    @precondition(lambda self: self.workers)
    @rule(which=st.integers(0, 2), step=st.sampled_from(["read", "flush"]))
    def work_a_step(self, which: int, step: str) -> None:
        self._work(self.workers[which % len(self.workers)], step)

    @precondition(lambda self: self.workers)
    @rule(which=st.integers(0, 2), sees_neglect=st.booleans(), stalled=st.booleans())
    def take_over(self, which: int, sees_neglect: bool, stalled: bool) -> None:
        """Ten seconds later. A worker that is stalled has not said meanwhile that it is there."""
        worker = self.workers[which % len(self.workers)]
        let_entries_age(self.client, [] if stalled else self.workers)
        worker.take_over(sees_neglect=sees_neglect)

    @precondition(lambda self: self.workers)
    @rule(which=st.integers(0, 2))
    def a_worker_is_killed(self, which: int) -> None:
        self._drop(self.workers[which % len(self.workers)])

    @rule()
    def everybody_works(self) -> None:
        """As it should be: the dead are restarted, and all do what they can."""
        self._scale(self.formatters)
        for worker in list(self.workers):
            self._work(worker, "read", "flush")
        self.sweeper.mark_done()
        for reader in self.readers:
            reader.look()

    @rule(seconds=st.sampled_from([3.0, 30.0]))
    def threads_fall_quiet(self, seconds: float) -> None:
        self.clock.now += seconds
        for worker in self.workers:
            with contextlib.suppress(TypeError):  # the carrier's defect, which a worker logs
                self._do(worker, worker.formatter.announce_once)

    # The sweeper

    @rule(seconds=st.sampled_from([3.0, 20.0]), loses_it=st.booleans())
    def sweep(self, seconds: float, loses_it: bool) -> None:
        """What it adds may be lost at once."""
        self.clock.now += seconds
        self.sweeper.sweep(self._now())
        if loses_it:
            self.client.flushall()

    @rule()
    def the_sweeper_dies_with_what_it_was_told(self) -> None:
        self.client.lpop(wire.DONE, 3)
        self.sweeper = Sweeper(self.client, monotonic=self.clock)

    @rule(does=st.sampled_from(["replay", "new epoch", "new epoch of one site"]))
    def an_operator_comes(self, does: str) -> None:
        if does == "replay":
            with contextlib.suppress(redis.ConnectionError):  # while Redis is away for writers
                replay_dead(self.client)
        else:
            site = self.site if does == "new epoch of one site" else None
            begin_new_epoch(f"new{next(self.numbers)}", site, now=self._now())

    # Readers

    @rule(which=st.integers(0, 5), frames=st.integers(1, 3))
    def a_reader_loses_frames(self, which: int, frames: int) -> None:
        self.readers[which].loses = frames

    @rule(which=st.integers(0, 5))
    def a_reader_reconnects(self, which: int) -> None:
        self.readers[which].fill()

    # What holds at any time

    @invariant()
    def what_is_done_was_published_or_is_dead_or_of_another_epoch(self) -> None:
        for _, fields in self.client.xrange(wire.DEAD):
            if fields.get("id", "").isdigit():
                self.buried.add(int(fields["id"]))
        epochs = dict(Thread.objects.values_list("key", "epoch"))
        for pk, key, epoch, seq in Event.objects.filter(is_done=True).values_list(
            "pk", "key", "epoch", "seq"
        ):
            assert (key, epoch, seq) in self.carrier.taken or pk in self.buried or epoch != epochs[key]

    def teardown(self) -> None:
        try:
            self._heal()
            self._require_whole()
        finally:
            for worker in list(self.workers):
                self._drop(worker)
            self.closing.close()
            os.environ.pop("KIBITZ_FORMATTERS", None)

    def _heal(self) -> None:
        """Everything is well again, for as long as it takes."""
        self.redis_away.undo()
        self.carrier.troubles, self.carrier.is_strict = [], False
        for worker in self.workers:
            worker.queue.troubles = []
        for reader in self.readers:
            reader.loses = 0
        self._scale(self.formatters)
        for number in range(2 * ROUNDS_TO_DIE):
            self.clock.now += 20
            self.sweeper.sweep(self._now())
            let_entries_age(self.client, self.workers)
            for worker in self.workers:
                worker.take_over(sees_neglect=True)
                worker.read()
                worker.flush()
            self.sweeper.mark_done()
            if number < ROUNDS_TO_DIE:
                replay_dead(self.client)
            if not self._unfinished():
                return

    def _require_whole(self) -> None:
        assert self._unfinished() == []
        for seconds in (3.0, 30.0):
            self.threads_fall_quiet(seconds)
        for reader in self.readers:
            reader.look()
            if (
                reader.has_lost or reader.model.seq == 0
            ):  # even the announcements, or there is nothing to tell
                reader.ask_for_head()
            assert reader.model.state() == ClientModel(everything(reader.page, reader.key)).state()

    def _unfinished(self) -> list[object]:
        """What still waits: in the database, in the streams, in somebody's hands, among the dead."""
        found: list[object] = list(Event.objects.filter(is_done=False))
        for stream in {wire.stream_name(0), wire.stream_name(1), *self.client.smembers(wire.STREAMS)}:
            found += self.client.xrange(stream)
            if self.client.exists(stream):
                found += self.client.xpending_range(stream, wire.GROUP, "-", "+", 10)
        return found + [
            fields for _, fields in self.client.xrange(wire.DEAD) if POISON in fields.get("data", "")
        ]

    def _now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.clock.now)

    def _post(self, page: Page, body: str, parent_id: int | None) -> None:
        draft = Draft(body, "alice", "", parent_id, idempotency_key=None, digest="")
        key = key_of(self.site.key, page)
        create_post(self.site, key, page, draft, author=self.author, now=self._now())

    def _add(self, index: int, fields: Mapping[str, str | int]) -> None:
        """To a stream that was in use at some time."""
        self.client.sadd(wire.STREAMS, wire.stream_name(index))
        self.client.xadd(wire.stream_name(index), fields)

    def _scale(self, formatters: int) -> None:
        """So many workers run, each on its stream; who is too many leaves in good order."""
        self.formatters = formatters
        os.environ["KIBITZ_FORMATTERS"] = str(formatters)
        for worker in [worker for worker in self.workers if worker.index >= formatters]:
            if self._do(worker, worker.leave):
                self.workers.remove(worker)
        for index in set(range(formatters)) - {worker.index for worker in self.workers}:
            name = f"worker-{next(self.numbers)}"
            self.workers.append(Worker(self.url, index, name, self.carrier, self.clock))

    def _work(self, worker: Worker, *steps: str) -> None:
        for step in steps:
            if not self._do(worker, getattr(worker, step)):
                return

    def _do(self, worker: Worker, step: Any) -> bool:
        """False where the worker died of it."""
        try:
            step()
        except Crash:
            self._drop(worker)
            return False
        return True

    def _drop(self, worker: Worker) -> None:
        self.workers.remove(worker)
        worker.queue.close()


@pytest.fixture
def machine(
    transactional_db: None, redis_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[type[Pipeline]]:
    monkeypatch.setattr(formatter_module, "BACKOFF_SECONDS", (0.0,))
    caplog.set_level("CRITICAL")  # every trouble is logged
    create_site("blog", origins=[ORIGIN], is_unlimited=True)
    client = command_client(redis_url)
    yield type("Machine", (Pipeline,), {"url": redis_url, "client": client})
    client.close()


def test_whatever_dies_everything_arrives(machine: type[Pipeline]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],  # a failure is long, and shrinking it takes minutes
            suppress_health_check=list(HealthCheck),
        ),
    )
