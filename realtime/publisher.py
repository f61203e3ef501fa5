"""The port between the formatter and whatever carries frames to readers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Frame:
    """One JSON object for the readers of one thread.

    `entry_ids` are the stream entries that are delivered once this frame is; a head frame has none. `site` is
    the key of the thread's site. `seq` is the last number that the frame tells of, 0 where it tells of none.
    """

    key: str
    text: str
    entry_ids: tuple[str, ...] = ()
    site: str = ""
    epoch: str = ""
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Published:
    """What became of the frames of one call.

    `readers` says how many read a thread and `delivery_seconds` how long the carrier is busy handing them one
    frame, by key; both about, and only for threads where it is known. `counts` is what the carrier counted
    since the last call, by the counter's name: how many entries each node took, and how many it missed.
    """

    refused: Sequence[Frame] = ()
    readers: Mapping[str, int] = field(default_factory=dict)
    delivery_seconds: Mapping[str, float] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)


class PublishFailed(Exception):
    """The carrier cannot be reached: nothing is known about any frame, the whole call is to be repeated."""


class Publisher(Protocol):
    """Carries frames to every process that holds readers.

    Order: the frames of one call, and calls that follow each other, arrive in the order given, per thread.
    At least once: a call that returns has handed over every frame that it does not refuse, or has noted
    durably which threads missed one, to announce their last number as soon as that is possible; a call that
    raises may have handed over some, so a repeat delivers those twice (readers drop repeats by seq). A frame
    that the carrier refuses for its own sake holds up no other frame.
    """

    def publish(self, frames: Sequence[Frame]) -> Published:
        """Hands over `frames`; blocks; raises PublishFailed."""
        ...


class PublisherToAll:
    """Carries every frame by several carriers; a frame that one of them refuses counts as refused."""

    def __init__(self, *publishers: Publisher) -> None:
        self._publishers = publishers

    def publish(self, frames: Sequence[Frame]) -> Published:
        """See Publisher; one carrier after the other."""
        refused: list[Frame] = []
        readers: dict[str, int] = {}
        delivery_seconds: dict[str, float] = {}
        counts: dict[str, int] = {}
        for publisher in self._publishers:
            published = publisher.publish(frames)
            refused += [frame for frame in published.refused if frame not in refused]
            for key, count in published.readers.items():
                readers[key] = readers.get(key, 0) + count
            for key, seconds in published.delivery_seconds.items():
                delivery_seconds[key] = max(delivery_seconds.get(key, 0.0), seconds)
            counts.update(published.counts)
        return Published(refused, readers, delivery_seconds, counts)
