"""A cached snapshot, what comes live, and what fills the gap come to the thread as it is."""

import itertools
import random
import threading
from collections.abc import Iterator
from typing import Final

import pytest

from tests.cast import Page
from tests.conftest import WaitUntil
from tests.running import StackRun
from tests.stack.browsers import Browser, Reader, fresh_state

STALE_READERS: Final = 5
MOST_READERS: Final = 60
MOST_POSTS: Final = 150  # one page of a snapshot has up to 200 roots


class BusyWriter:
    """Posts, edits and deletes until told to stop; `seq` is the thread's number after the last answer."""

    def __init__(self, port: int, page: Page) -> None:
        self.seq = 0
        self._browser = Browser(port, page)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _write(self) -> None:
        chance = random.Random(3)
        own: list[int] = []
        for number in itertools.count(1):
            if self._stop.is_set():
                return
            if len(own) > 3 and chance.random() < 0.2:
                self._browser.delete(own.pop(chance.randrange(len(own))))
            elif own and (chance.random() < 0.3 or number > MOST_POSTS):
                self._browser.edit(chance.choice(own), f"Edited at *{number}*.")
            else:
                own.append(self._browser.post(f"Comment **{number}**.")["id"])
            self.seq += 1  # each of the three is one visible change


@pytest.fixture
def writer(stack: StackRun, page: Page) -> Iterator[BusyWriter]:
    writer = BusyWriter(stack.port, page)
    yield writer
    writer.stop()


@pytest.fixture
def readers() -> Iterator[list[Reader]]:
    readers: list[Reader] = []
    yield readers
    for reader in readers:
        reader.leave()


def test_readers_who_began_with_an_old_snapshot_converge(
    stack: StackRun, page: Page, writer: BusyWriter, readers: list[Reader], wait_until: WaitUntil
) -> None:
    stale = 0
    while stale < STALE_READERS and len(readers) < MOST_READERS:
        readers.append(Reader(stack.port, page, lambda: writer.seq))
        stale += readers[-1].began_with_old_snapshot
    assert stale == STALE_READERS, "the front's cache never gave an old snapshot: this shows nothing"
    writer.stop()

    def all_are_there() -> bool:
        for reader in readers:
            reader.look()
        return all(reader.seq == writer.seq for reader in readers)

    wait_until(
        all_are_there,
        seconds=30,
        message=lambda: f"all at {writer.seq}, not {[reader.seq for reader in readers]}",
    )
    browser = Browser(stack.port, page)
    wait_until(lambda: fresh_state(browser, writer.seq), message="a snapshot as new as the thread")
    fresh = fresh_state(browser, writer.seq)
    assert [reader.state() == fresh for reader in readers] == [True] * len(readers)
