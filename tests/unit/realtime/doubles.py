"""A clock that a test turns, and a publisher that keeps what it is given."""

from collections.abc import Sequence

from realtime.publisher import Frame, Published, PublishFailed


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class MemoryPublisher:
    """`delivery_seconds` is what each frame seems to cost."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.delivery_seconds = 0.0
        self.is_away = False

    def publish(self, frames: Sequence[Frame]) -> Published:
        if self.is_away:
            raise PublishFailed("away")
        self.frames += frames
        return Published((), {}, {frame.key: self.delivery_seconds for frame in frames})

    def texts(self) -> list[str]:
        """Of what came since the last call."""
        texts, self.frames = [frame.text for frame in self.frames], []
        return texts
