"""Plays a scenario of tests/vectors with the Python client: embed/tests/scenario.ts is its twin."""

import json
import re
from collections.abc import Iterable
from typing import Final

from loadtest.client.frames import Cursor, Event, Failed, Post, Totals
from loadtest.client.live import Live, LiveOptions, LiveState
from loadtest.client.thread_state import ThreadState
from tests.unit.loadtest.fake_network import FakeNetwork
from tests.unit.loadtest.thread_on_server import Json, ThreadOnServer

SPREAD_SECONDS: Final = 10
SILENCE_SECONDS: Final = 45


class Reader:
    """What the client tells, written down, and the thread as it comes to be known."""

    def __init__(self, told: list[str], snapshot: Json) -> None:
        self.thread = ThreadState(snapshot)
        self._told = told

    def took_snapshot(self, snapshot: Json) -> None:
        self.thread = ThreadState(snapshot)

    def event(self, event: Event) -> None:
        self._told.append(f"event {event['seq']}")
        self.thread.apply(event)

    def totals(self, totals: Totals) -> None:
        if totals:
            self._told.append(f"totals {' '.join(totals)}")
        self.thread.apply_totals(totals)

    def readers(self, count: int) -> None:
        self._told.append(f"readers {count}")

    def typing(self, count: int) -> None:
        self._told.append(f"typing {count}")

    def state(self, state: LiveState) -> None:
        self._told.append(f"is {state}")


class Player:
    """One reader, one thread, and what happens between them. `told` is all that the reader did in a step."""

    def __init__(self) -> None:
        self.thread = ThreadOnServer()
        self.told: list[str] = []
        self.reader = Reader(self.told, self.thread.snapshot())
        self.network = FakeNetwork(self.thread, self.told, self.reader.took_snapshot)
        self.clock = self.network.clock
        self.live = Live(
            LiveOptions("ws://host/live/k", Cursor("e1", 0), SPREAD_SECONDS, SILENCE_SECONDS),
            clock=self.clock,
            connect=self.network.connect,
            source=self.network,
            listener=self.reader,
        )

    def play(self, step: Json) -> list[str]:
        self.told.clear()
        self._take(step)
        self.network.settle()
        return in_runs(self.told)

    def knows(self) -> list[str]:
        """What the reader knows, a post in a line."""
        return _lines(self.reader.thread.posts.values())

    def compared(self) -> tuple[list[str], list[str]]:
        """What the reader knows and what there is to know, without votes, which are not numbered."""
        known, truth = self.reader.thread.posts.values(), self.thread.snapshot()["posts"]
        return _lines({**post, "up": 0} for post in known), _lines({**post, "up": 0} for post in truth)

    @property
    def is_connected(self) -> bool:
        return self.network.socket is not None and self.network.socket.is_live

    def heal(self) -> None:
        """Everything works again, and the reader is connected."""
        self.play({"server": {"fails": None, "isLate": False, "proxySeconds": 0, "sockets": "open"}})
        while self.network.pending:
            self.play({"answer": 0})
        while not self.is_connected:
            self.play({"advance": 1})

    # --- the steps --------------------------------------------------------------------------------------

    def _take(self, step: Json) -> None:
        match step:
            case {"create": count}:
                for _ in range(count):
                    self.thread.change("create", 0)
            case {"happens": changes}:
                for kind, to in changes:
                    self.thread.change(kind, to)
            case {"restore": seq}:
                self.thread.restore(seq)
            case {"forget": through}:
                self.thread.forget(through)
            case {"server": manners}:
                self.network.manners |= manners
            case {"answer": index}:
                self.network.answer(index, step.get("fails"))
            case {"frame": place}:
                self._receive_events(*place)
            case {"head": place}:
                seq, epoch = place or (self.thread.seq, self.thread.epoch)
                self._receive({"head": seq, "epoch": epoch})
            case {"receive": frame}:
                self._receive(frame)
            case _:
                self._take_other(step)

    def _take_other(self, step: Json) -> None:
        match step:
            case {"advance": seconds}:
                self.clock.advance(seconds)
            case {"dice": dice}:
                self.clock.dice = dice
            case {"break": code}:
                if self.network.socket is not None:
                    self.network.socket.end(code)
            case {"rewind": seq}:
                self.live.rewind(Cursor(self.thread.epoch, seq))
            case {"do": "reload"}:
                self.network.snapshot(self._reloaded)
            case {"do": act}:
                {"show": self.live.start, "online": self.live.online, "stop": self.live.stop}[act]()
            case {"knows": _}:
                pass
            case _:
                raise AssertionError(f"no such step: {step}")

    def _reloaded(self, answer: Cursor | Failed) -> None:
        if not isinstance(answer, Failed):
            self.live.rewind(answer)

    def _receive_events(self, first: int, last: int, epoch: str | None = None) -> None:
        frame = self.thread.frame(first, last, epoch)
        if frame["events"]:
            self._receive(frame)

    def _receive(self, frame: Json) -> None:
        socket = self.network.socket
        if socket is not None and socket.is_live:
            socket.on.frame(json.dumps(frame))


def in_runs(told: Iterable[str]) -> list[str]:
    """Events that were handed on one after the other become one line."""
    done: list[str] = []
    for line in told:
        event = re.fullmatch(r"event (\d+)", line)
        before = re.fullmatch(r"events? (\d+)(?:-(\d+))?", done[-1]) if done else None
        if event and before and int(event[1]) == int(before[2] or before[1]) + 1:
            done[-1] = f"events {before[1]}-{event[1]}"
        else:
            done.append(line)
    return done


def _lines(posts: Iterable[Post]) -> list[str]:
    return [_line(post) for post in sorted(posts, key=lambda post: int(post["id"]))]


def _line(post: Post) -> str:
    under = "" if post["parent"] is None else f" under {post['parent']}"
    replies, up, html = post["replies"], post["up"], post["html"]
    return f'{post["id"]}{under}: {post["status"]} at {post["seq"]}, {replies} replies, {up} up, "{html}"'
