"""When posts were answered, when readers had them, and what follows; pure.

Both are times of the machine's one monotonic clock. An arrival is kept to a tick of 0.2 ms: a minute of a
million messages a second is then some hundred thousand numbers.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

TICKS_PER_SECOND: Final = 5_000


@dataclass(frozen=True, slots=True)
class Arrival:
    """Some events in one frame: their thread (an index), and how many readers had them at which tick."""

    thread: int
    seqs: tuple[int, ...]
    ticks: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Answered:
    """A post's 201: its thread (an index), its event's number, and when the poster had read the answer."""

    thread: int
    seq: int
    at: float


@dataclass(frozen=True, slots=True)
class Delivered:
    """What came of some posts. A message is one post at one reader; a delay counts from the post's 201 and is
    negative where the reader had the post before the poster its answer."""

    posts: int
    expected: int  # messages
    messages: int
    frames: int  # copies of a frame, one a reader
    seconds: float  # from the first 201 to the last arrival
    delays: Counter[int]  # ticks -> messages

    @property
    def missing(self) -> int:
        return self.expected - self.messages

    @property
    def messages_per_second(self) -> float:
        return self.messages / self.seconds if self.seconds else 0.0

    @property
    def frames_per_second(self) -> float:
        return self.frames / self.seconds if self.seconds else 0.0

    def delay_ms(self, share: float) -> float:
        """The delay that so large a share of the messages does not exceed; 1.0 is the longest."""
        return quantile(self.delays, share) * 1000 / TICKS_PER_SECOND


def delivered(
    arrivals: Iterable[Arrival], answered: Sequence[Answered], readers: Mapping[int, int]
) -> Delivered:
    """Sets arrivals against the 201s; `readers` is how many each thread has. Other events do not count."""
    tick_of = {(post.thread, post.seq): int(post.at * TICKS_PER_SECOND) for post in answered}
    delays: Counter[int] = Counter()
    frames, last_tick = 0, min(tick_of.values(), default=0)
    for arrival in arrivals:
        posted = [tick for seq in arrival.seqs if (tick := tick_of.get((arrival.thread, seq))) is not None]
        if not posted:
            continue
        frames += sum(arrival.ticks.values())
        last_tick = max(last_tick, *arrival.ticks)
        for tick, count in arrival.ticks.items():
            for at in posted:
                delays[tick - at] += count
    return Delivered(
        posts=len(answered),
        expected=sum(readers.get(post.thread, 0) for post in answered),
        messages=delays.total(),
        frames=frames,
        seconds=(last_tick - min(tick_of.values(), default=0)) / TICKS_PER_SECOND,
        delays=delays,
    )


def quantile(counts: Mapping[int, int], share: float) -> int:
    """The smallest value that so large a share of the counted does not exceed; 0 of nothing."""
    left = share * sum(counts.values())
    value = 0
    for value in sorted(counts):
        left -= counts[value]
        if left <= 1e-9:
            break
    return value


def read_answers(lines: Iterable[str], threads: Mapping[str, int]) -> list[Answered]:
    """The posters' file: a line is the thread's key, the post's seq, and the time of its 201."""
    answers = []
    for line in lines:
        key, seq, at = line.split()
        answers.append(Answered(threads[key], int(seq), float(at)))
    return answers
