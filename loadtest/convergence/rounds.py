"""One round: people write, a part dies, people write on; then every reader must have everything."""

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from loadtest.convergence.authors import Authors, Sent
from loadtest.convergence.faults import Fault, Ground
from loadtest.convergence.ledger import Ledger, ReaderState, Verdict, verdict, waits
from loadtest.convergence.programs import ReaderProgram
from loadtest.stack import StackFailed, Thread

WARM_SECONDS: Final = 1.0  # of everybody's first requests, whose times say nothing
ANSWERED_SECONDS: Final = 90.0  # for the last posts to be answered
CONVERGED_SECONDS: Final = 60.0  # twice what is promised, to see how late the late ones are
PROMISED_SECONDS: Final = 30.0  # G2
POLL_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class Load:
    """New comments a second, and for how many seconds: before the fault, at random between two, and after."""

    per_second: float
    before: tuple[float, float] = (3.0, 6.0)
    after: float = 8.0


Arrivals = Mapping[str, Mapping[int, Sequence[float]]]


@dataclass(slots=True)
class Seen:
    """What the readers of one program told during a round."""

    program: ReaderProgram
    arrivals: list[Arrivals] = field(default_factory=list)
    repeated: int = 0
    out_of_order: int = 0
    at: list[tuple[str, str, int]] = field(default_factory=list)  # thread, epoch, seq of each reader
    api_requests: int = 0  # that no cache answered

    def take(self, told: Mapping[str, Any]) -> None:
        arrivals = {
            key: {int(seq): moments for seq, moments in of_seqs.items()}
            for key, of_seqs in told["arrivals"].items()
        }
        self.arrivals.append(arrivals)
        self.repeated += told["repeated"]
        self.out_of_order += told["out_of_order"]
        self.at = [(key, epoch, seq) for key, epoch, seq in told["at"]]
        self.api_requests += sum(uncached for _, uncached, _ in told["requests"].values())


@dataclass(slots=True)
class Round:
    """What came of it. `waited` has, for each reader and answered change, the seconds until it was there."""

    fault: str
    accepted: int
    changes: int
    verdict: Verdict
    repeated: int
    out_of_order: int
    behind: int  # readers who did not come to their thread's end in time
    waited: list[float]
    before: list[Sent]
    during: list[Sent]
    unanswered: int
    refusals: list[str]
    api_requests: int

    @property
    def worst_seconds(self) -> float:
        return max(self.waited, default=0.0)

    @property
    def duplicated(self) -> int:
        return self.repeated + self.verdict.strange

    @property
    def lost(self) -> int:
        return self.verdict.lost + self.verdict.stale + self.behind

    @property
    def failures(self) -> list[str]:
        """Why the round failed, in words; empty where it did not."""
        found = [*self.verdict.examples, *self.refusals[:3]]
        if self.repeated:
            found.append(f"{self.repeated} events were applied twice")
        if self.out_of_order:
            found.append(f"{self.out_of_order} events were applied out of order")
        if self.behind:
            found.append(
                f"{self.behind} readers were not at their thread's end {CONVERGED_SECONDS:g} s later"
            )
        if self.worst_seconds > PROMISED_SECONDS:
            found.append(f"a reader waited {self.worst_seconds:.1f} s")
        if not self.accepted:
            found.append("no post was accepted")
        return found


class Unanswered(Exception):
    """Posts were sent again and again, and the API did not answer any more."""


def run_round(
    fault: Fault,
    ground: Ground,
    programs: Sequence[ReaderProgram],
    threads: Sequence[Thread],
    load: Load,
) -> Round:
    """Raises StackFailed, ProgramFailed, Unanswered."""
    ledger = Ledger()
    authors = Authors(ground.process.stack, threads, ledger, per_second=load.per_second, chance=ground.chance)
    warm_at = time.monotonic() + WARM_SECONDS
    try:
        time.sleep(ground.chance.uniform(*load.before))
        began_at = time.monotonic()
        heal = fault.begin(ground)
        try:
            time.sleep(fault.seconds)
        finally:
            heal()
        over_at = time.monotonic()
        time.sleep(load.after)
    finally:
        is_answered = authors.finish(seconds=ANSWERED_SECONDS)
    if not is_answered:
        raise Unanswered(f"{fault.name}: posts are unanswered after {ANSWERED_SECONDS:g} s")
    seen = [Seen(program) for program in programs]
    behind = _converge(seen, _heads(ground, threads))
    states: list[ReaderState] = []
    for program in programs:
        states += program.states(ledger.first_id())
        program.forget(max(ledger.posts, default=0) + 1)
    return Round(
        fault=fault.name,
        accepted=ledger.accepted,
        changes=len(ledger.answered_at) - ledger.accepted,
        verdict=verdict(ledger, states),
        repeated=sum(of_program.repeated for of_program in seen),
        out_of_order=sum(of_program.out_of_order for of_program in seen),
        behind=behind,
        waited=[wait for of_program in seen for wait in _waits(ledger, of_program, fault, over_at)],
        before=[sent for sent in authors.sent if warm_at <= sent.at < began_at],
        during=[sent for sent in authors.sent if began_at <= sent.at < max(over_at, began_at + 1.0)],
        unanswered=authors.unanswered,
        refusals=authors.refusals,
        api_requests=sum(of_program.api_requests for of_program in seen),
    )


def p99_ms(sent: Sequence[Sent]) -> float:
    """Of how long authors waited for their 201, from when they pressed the button."""
    if len(sent) < 2:
        return float("nan")
    return 1_000 * statistics.quantiles([one.seconds for one in sent], n=100, method="inclusive")[98]


def _waits(ledger: Ledger, seen: Seen, fault: Fault, over_at: float) -> list[float]:
    is_cut_off = fault.cuts_readers and seen.program.is_cut_off
    return waits(ledger, seen.arrivals, since=over_at if is_cut_off else 0.0)


def _heads(ground: Ground, threads: Sequence[Thread]) -> dict[str, int]:
    """Each thread's last number, from the API itself: the query keeps the front's cache out."""
    give_up_at = time.monotonic() + CONVERGED_SECONDS
    while True:
        try:
            return {
                thread.key: ground.process.stack.get(
                    f"/api/v1/threads/{thread.key}/head/?at={time.monotonic_ns()}"
                )["seq"]
                for thread in threads
            }
        except StackFailed:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(POLL_SECONDS)


def _converge(seen: Sequence[Seen], heads: Mapping[str, int]) -> int:
    """Waits until every reader is at its thread's end; how many are not."""
    give_up_at = time.monotonic() + CONVERGED_SECONDS
    while True:
        for of_program in seen:
            of_program.program.ask_all()
        for of_program in seen:
            of_program.take(of_program.program.told())
        behind = sum(seq != heads[key] for of_program in seen for key, _, seq in of_program.at)
        if not behind or time.monotonic() > give_up_at:
            return behind
        time.sleep(POLL_SECONDS)
