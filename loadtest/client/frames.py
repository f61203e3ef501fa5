"""What a live socket carries and the API answers, as the twin sees it: the shapes of embed/src/frames.ts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

# JSON as it came. Its shapes are those of comments.events.shapes; nothing here checks them again.
Event = Mapping[str, Any]
Post = Mapping[str, Any]
Totals = Mapping[str, Mapping[str, int]]

GONE: Final = 410


class Cursor(NamedTuple):
    """A place in a thread's history: everything up to `seq` of that `epoch` is known."""

    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class Run:
    """A dense run of events; the answer of `events/?after=` adds the thread's head and its votes."""

    epoch: str
    events: Sequence[Event] = ()
    head: int = 0
    totals: Totals | None = None

    @classmethod
    def of(cls, frame: Mapping[str, Any]) -> "Run":
        return cls(frame["epoch"], frame["events"], frame.get("head", 0), frame.get("totals"))


@dataclass(frozen=True, slots=True)
class Failed:
    """A request that failed. `status` 0: no answer came."""

    status: int = 0


def ignored(_: object) -> None:
    """For answers that nobody waits for."""


Told = Callable[[bool], object]
