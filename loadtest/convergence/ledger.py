"""What the API answered, and what every reader must therefore hold; pure but for its lock."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

SHOWN: Final = 5  # faults of one kind, so that a report stays readable
STUBS: Final = ("deleted", "hidden")


class Written(NamedTuple):
    """A post as its author was last told that it is."""

    key: str
    seq: int
    status: str
    html: str


class Held(NamedTuple):
    """A post as one reader holds it."""

    seq: int
    status: str
    html: str


@dataclass(frozen=True, slots=True)
class ReaderState:
    """Where one reader stands, and the posts that it holds, by id. `name` tells it from the others."""

    name: str
    key: str
    epoch: str
    seq: int
    posts: Mapping[int, Held]


@dataclass(slots=True)
class Verdict:
    """Differences between the readers and the ledger, summed over the readers; `examples` says which."""

    lost: int = 0
    stale: int = 0  # there, but not with its latest text
    strange: int = 0  # posts that nobody was told of
    examples: list[str] = field(default_factory=list)

    def add(self, kind: str, example: str) -> None:
        setattr(self, kind, getattr(self, kind) + 1)
        if len(self.examples) < SHOWN:
            self.examples.append(f"{kind}: {example}")


class Ledger:
    """Everything that was answered in one round; safe to share between the writers' threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.posts: dict[int, Written] = {}
        self.accepted = 0
        self.answered_at: dict[tuple[str, int], float] = {}  # (thread, seq) -> monotonic seconds

    def posted(self, key: str, post: Mapping[str, Any], at: float) -> None:
        """A 201 or the 200 of a repeat."""
        with self._lock:
            self.accepted += 1
        self._told(key, post, at)

    def edited(self, key: str, post: Mapping[str, Any], at: float) -> None:
        self._told(key, post, at)

    def deleted(self, key: str, post_id: int) -> None:
        """The answer holds no number, so none is known."""
        with self._lock:
            self.posts[post_id] = Written(key, 0, "deleted", "")

    def first_id(self) -> int:
        return min(self.posts, default=0)

    def _told(self, key: str, post: Mapping[str, Any], at: float) -> None:
        with self._lock:
            self.posts[post["id"]] = Written(key, post["seq"], post["status"], post["html"])
            self.answered_at[key, post["seq"]] = at


def verdict(ledger: Ledger, readers: Iterable[ReaderState]) -> Verdict:
    """Holds every reader's posts against the ledger: each is there, with its latest text, and nothing else.

    That they came once and in order is seen where they are applied.
    """
    of_thread: dict[str, dict[int, Written]] = {}
    for post_id, written in ledger.posts.items():
        of_thread.setdefault(written.key, {})[post_id] = written
    found = Verdict()
    for reader in readers:
        expected = of_thread.get(reader.key, {})
        for post_id, written in expected.items():
            held = reader.posts.get(post_id)
            if held is None:
                found.add("lost", f"post {post_id} of {written} for {reader.name} at {reader.seq}")
            elif not _is_same(written, held):
                found.add("stale", f"post {post_id} is {held} for {reader.name}, not {written}")
        for post_id in reader.posts.keys() - expected.keys():
            found.add("strange", f"post {post_id} is {reader.posts[post_id]} for {reader.name}")
    return found


def waits(
    ledger: Ledger, arrivals: Iterable[Mapping[str, Mapping[int, Sequence[float]]]], *, since: float = 0.0
) -> list[float]:
    """How long each reader waited for each answered change, in seconds; from `since` where that is later.

    A reader who had it before its author had the answer did not wait.
    """
    waited = []
    for of_threads in arrivals:
        for key, of_seqs in of_threads.items():
            for seq, moments in of_seqs.items():
                at = ledger.answered_at.get((key, seq))
                if at is not None:
                    waited += [max(0.0, moment - max(at, since)) for moment in moments]
    return waited


def _is_same(written: Written, held: Held) -> bool:
    if written.status in STUBS:
        return held.status == written.status
    return (written.seq, written.status, written.html) == (held.seq, held.status, held.html)
