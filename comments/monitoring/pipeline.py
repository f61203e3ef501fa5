"""What Redis says about the pipeline, read at one moment: counters, streams, who holds what.

Entries come in as `enqueued` (by the request that wrote the event), `enqueued_totals` (vote totals),
`repeated` (by the sweeper) and `replayed` (dead letters); `unreadable` were written by nobody here, and count
when they die. They leave as `acknowledged` or `dead`. Each is counted in the transaction that moves the
entry, so what came in is what left and what is still there, whatever was killed in between.

`handed` are ids of event rows given to the sweeper, which counts those it `marked` and, where an event was
published twice or its row is gone, `marked_again`. `redelivered` are entries that somebody took over,
`acknowledged_again` those that two formatters finished. `framed`, `published`, `frames` and what each node
took or missed count what a formatter did: one that is killed before it acknowledges does it once more.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import redis

from comments import cells, env
from comments.events import wire

BEGAN: Final = "began:"  # prefix: what a counter said when counting began (monitoring.watch)
CAME_IN: Final = ("enqueued", "enqueued_totals", "repeated", "replayed", "unreadable")
LEFT: Final = ("acknowledged", "dead")
RATE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Consumer:
    """A formatter process, and the entries that it holds. `idle_seconds`: since it last asked for any."""

    name: str
    held: int
    idle_seconds: float


@dataclass(frozen=True, slots=True)
class Stream:
    """One formatter's queue. `length` is what waits and what is held; ages are of the oldest entry."""

    name: str
    length: int
    held: int
    oldest_seconds: float
    consumers: Sequence[Consumer]

    @property
    def waiting(self) -> int:
        return self.length - self.held


@dataclass(frozen=True, slots=True)
class Node:
    """A push node: how formatters found it, which is unknown when none has told for a while."""

    address: str
    state: str
    missed_threads: int


@dataclass(frozen=True, slots=True)
class Pipeline:
    """`now` is Redis's clock, in Unix seconds, and `sweeper_at` and `began_at` are of it."""

    now: float
    counters: Mapping[str, int]
    streams: Sequence[Stream]
    to_mark: int
    dead: int
    sweeper_at: float | None
    nodes: Sequence[Node]
    sockets: Mapping[str, int]
    samples: Sequence[tuple[float, Mapping[str, int]]]

    @property
    def began_at(self) -> float | None:
        return float(self.counters[BEGAN + "at"]) if BEGAN + "written" in self.counters else None

    @property
    def waiting(self) -> int:
        return sum(stream.waiting for stream in self.streams)

    @property
    def held(self) -> int:
        return sum(stream.held for stream in self.streams)

    @property
    def sweeper_silent_seconds(self) -> float | None:
        return None if self.sweeper_at is None else max(0.0, self.now - self.sweeper_at)

    def count(self, stage: str) -> int:
        """How many passed a stage, ever since Redis was empty. `taken` is what was acknowledged, what died
        and what is held: counted apart it would be wrong as often as a formatter is killed."""
        if stage == "taken":
            return self.held + sum(map(self.count, LEFT))
        return self.counters.get(stage, 0)

    def since(self, stage: str) -> int:
        """How many passed it since counting began."""
        if stage == "taken":
            return self.held + sum(map(self.since, LEFT))
        return self.counters.get(stage, 0) - self.counters.get(BEGAN + stage, 0)

    def stages(self) -> dict[str, int]:
        """Every counter that is no node's."""
        names = {name for name in self.counters if "@" not in name and not name.startswith(BEGAN)}
        return {name: self.count(name) for name in sorted(names | {"taken"})}

    def at_nodes(self, stage: str) -> dict[str, int]:
        """A stage's count by push node, and `channels`."""
        prefix = wire.at_node(stage, "")
        return {
            name.removeprefix(prefix): count
            for name, count in sorted(self.counters.items())
            if name.startswith(prefix)
        }

    def surplus(self) -> int:
        """Entries that are there, or left, without having come in; negative: that came in and are nowhere."""
        came_in = sum(map(self.since, CAME_IN))
        there = sum(stream.length for stream in self.streams) - self.counters.get(BEGAN + "length", 0)
        return there + sum(map(self.since, LEFT)) - came_in

    def unmarked(self) -> int:
        """Ids that a sweeper took and has not marked: it is at it, or it died at it."""
        to_mark = self.to_mark - self.counters.get(BEGAN + "to_mark", 0)
        return self.since("handed") - self.since("marked") - self.since("marked_again") - to_mark

    def rate(self, stage: str) -> float | None:
        """How many a second passed it in the last minute; None where there is nothing to compare with."""
        recent = [sample for sample in self.samples if self.now - sample[0] <= RATE_SECONDS + 5]
        if not recent or stage == "taken":
            return None
        at, counters = recent[-1]
        passed = self.counters.get(stage, 0) - counters.get(stage, 0)
        return passed / (self.now - at) if self.now - at >= 1 and passed >= 0 else None


def stream_names(client: redis.Redis) -> list[str]:
    """Those that are read, and those that this machine's settings name. Raises redis.RedisError."""
    used: Any = client.smembers(wire.STREAMS)
    return sorted({*used, *(wire.stream_name(index) for index in range(env.formatter_count()))})


def read_pipeline(client: redis.Redis) -> Pipeline:
    """Everything in two round trips; what belongs together is of one moment. Raises redis.RedisError."""
    names = stream_names(client)
    addresses = sorted({node.publish for cell in cells.push_cells() for node in cell.nodes})
    transaction: Any = client.pipeline(transaction=True)
    transaction.time().hgetall(wire.COUNTERS).llen(wire.DONE).xlen(wire.DEAD).get(wire.SWEEPER)
    transaction.hgetall(wire.NODES).hgetall(wire.SOCKETS).lrange(wire.SAMPLES, 0, -1)
    for address in addresses:
        transaction.hlen(wire.missed_hash(address))
    for name in names:
        transaction.xlen(name).xpending(name, wire.GROUP).xrange(name, count=1)
        transaction.xinfo_consumers(name, wire.GROUP)
    answers = iter(transaction.execute(raise_on_error=False))
    seconds, microseconds = next(answers)
    now = seconds + microseconds / 1e6
    counters, to_mark, dead, sweeper_at, found, sockets, samples = (_sound(next(answers)) for _ in range(7))
    missed = [_sound(next(answers)) for _ in addresses]
    return Pipeline(
        now=now,
        counters={name: int(value) for name, value in counters.items()},
        to_mark=to_mark,
        dead=dead,
        sweeper_at=None if sweeper_at is None else float(sweeper_at),
        sockets={
            process: int(value.split()[0]) for process, value in sockets.items() if _is_current(value, now)
        },
        samples=[_sample(text) for text in samples],
        nodes=[
            Node(address, _node_state(address, found, now), threads)
            for address, threads in zip(addresses, missed, strict=True)
        ],
        streams=[_stream(name, [next(answers) for _ in range(4)], now) for name in names],
    )


NODE_TOLD_SECONDS: Final = 15.0
STALE_TOLD_SECONDS: Final = 5.0  # two rounds: where formatters disagree, it is stale


def _sound(answer: Any) -> Any:
    if isinstance(answer, redis.RedisError):
        raise answer
    return answer


def _stream(name: str, answers: Sequence[Any], now: float) -> Stream:
    """A group that no formatter has made yet is an error, and means: nobody holds anything."""
    length, pending, first, consumers = answers
    added_ms = int(first[0][0].partition("-")[0]) if first and not isinstance(first, Exception) else None
    return Stream(
        name=name,
        length=_sound(length),
        held=0 if isinstance(pending, Exception) else pending["pending"],
        oldest_seconds=0.0 if added_ms is None else max(0.0, now - added_ms / 1000),
        consumers=[]
        if isinstance(consumers, Exception)
        else [Consumer(told["name"], told["pending"], told["idle"] / 1000) for told in consumers],
    )


def _node_state(address: str, found: Mapping[str, str], now: float) -> str:
    well_at, stale_at = float(found.get(address, 0)), float(found.get(f"{address} stale", 0))
    if now - stale_at <= STALE_TOLD_SECONDS or (stale_at > well_at and now - stale_at <= NODE_TOLD_SECONDS):
        return "stale"
    return "well" if now - well_at <= NODE_TOLD_SECONDS else "unknown"


def _is_current(value: str, now: float) -> bool:
    return float(value.split()[1]) > now


def _sample(text: str) -> tuple[float, Mapping[str, int]]:
    at, counters = json.loads(text)
    return at, counters
