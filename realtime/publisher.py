"""The port between the formatter and whatever carries frames to readers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Frame:
    """One JSON object for the readers of one thread.

    `entry_ids` are the stream entries that are delivered once this frame is; a head frame has none.
    """

    key: str
    text: str
    entry_ids: tuple[str, ...] = ()


class PublishFailed(Exception):
    """The carrier cannot be reached: nothing is known about any frame, the whole call is to be repeated."""


class Publisher(Protocol):
    """Carries frames to every process that holds readers.

    Order: the frames of one call, and calls that follow each other, arrive in the order given, per thread.
    At least once: a call that returns has handed over every frame that it does not return; a call that
    raises may have handed over some of them, so a repeat delivers those twice (readers drop repeats by seq).
    A frame that the carrier refuses for its own sake holds up no other frame.
    """

    def publish(self, frames: Sequence[Frame]) -> list[Frame]:
        """Hands over `frames` and returns those refused; blocks; raises PublishFailed."""
        ...
