"""Which threads fell quiet, and are due to hear their last seq again. Pure: time is an argument."""

from typing import Final, NamedTuple

from realtime.frames import head_frame
from realtime.publisher import Frame

QUIET_SECONDS: Final = (3.0, 30.0)  # the last frame lost shows soon, and once more for a slow break
LONG_SECONDS: Final = 1.0  # a delivery that takes less is over long before the first announcement


class _Head(NamedTuple):
    site: str
    epoch: str
    seq: int
    at: float

    def frame(self, key: str) -> Frame:
        return head_frame(key, self.epoch, self.seq, site=self.site)


class Heads:
    """The last seq of every thread that had a frame in the last 30 s.

    One dict per delay, each in order of last frame, so that noting and asking cost the same however many
    threads wait.
    """

    def __init__(self) -> None:
        self._waiting: tuple[dict[str, _Head], ...] = tuple({} for _ in QUIET_SECONDS)
        self._on_their_way: dict[str, _Head] = {}  # until `at`, and then their quiet begins

    def note(
        self, key: str, epoch: str, seq: int, now: float, *, site: str = "", delivery_seconds: float = 0.0
    ) -> None:
        """A frame up to `seq` went out; the thread's quiet starts anew when it has been delivered.

        A million readers take ten seconds, and a head that comes into that makes them as many more.
        """
        for waiting in (*self._waiting, self._on_their_way):
            known = waiting.pop(key, None)
            if known is not None and known.epoch == epoch:
                seq = max(seq, known.seq)  # a claimed entry may be older than what went out since
        is_long = delivery_seconds >= LONG_SECONDS
        head = _Head(site, epoch, seq, now + delivery_seconds if is_long else now)
        (self._on_their_way if is_long else self._waiting[0])[key] = head

    def due(self, now: float) -> list[Frame]:
        """The re-announcements whose time has come; each is returned once."""
        for key, head in list(self._on_their_way.items()):  # few: one takes the carrier a second
            if head.at <= now:
                del self._on_their_way[key]
                self._waiting[0][key] = head._replace(at=now)
        frames = []
        for stage, (waiting, quiet_seconds) in enumerate(zip(self._waiting, QUIET_SECONDS, strict=True)):
            ripe = []
            for key, head in waiting.items():
                if head.at + quiet_seconds > now:
                    break
                ripe.append((key, head))
            for key, head in ripe:
                del waiting[key]
                frames.append(head.frame(key))
                if stage + 1 < len(self._waiting):
                    self._waiting[stage + 1][key] = head
        return frames

    def drain(self) -> list[Frame]:
        """Every announcement that would still come, now, because the process leaves."""
        frames = []
        for waiting in (*self._waiting, self._on_their_way):
            frames += [head.frame(key) for key, head in waiting.items()]
            waiting.clear()
        return frames
