"""Finds a process that runs but answers no more: stopped, deadlocked, or spinning."""

import os
import sys
from pathlib import Path
from typing import Final

from comments.supervision.probes import Asking, Question

ASK_EVERY_SECONDS: Final = 3.0
LOOK_EVERY_SECONDS: Final = 0.25  # while a question is on its way
# Without an answer and without computing: it is stopped, or waits for what does not come.
IDLE_SECONDS: Final = 15.0
# Without an answer, but at work: the machine may be overloaded, and a restart makes that worse. At some time
# it counts as spinning.
BUSY_SECONDS: Final = 60.0
BUSY_SHARE: Final = 0.02  # of a core; a starved process still gets more, and housekeeping takes less
LONGEST_LOOK_SECONDS: Final = 1.0


class Liveness:
    """Asks one process the same question, again and again; never waits.

    Only time in which the supervisor looked on counts: after Ctrl-Z, or on a machine that gave it no turn,
    the others had none either. `pid` is of a process whose children, and theirs, work for it. Until it has
    answered once, `start_seconds` may pass.
    """

    def __init__(self, question: Question, pid: int, *, now: float, start_seconds: float) -> None:
        self._question = question
        self._pid = pid
        self._asking: Asking | None = None
        self._looked_at = now
        self._ask_at = now + ASK_EVERY_SECONDS
        self._start_seconds = start_seconds
        self._silent_seconds = 0.0
        self._worked_seconds: float | None = None  # soon after the silence began

    def look(self, now: float) -> str | None:
        """Goes on with asking; why the process has to be killed, None as long as it has not."""
        elapsed, self._looked_at = min(now - self._looked_at, LONGEST_LOOK_SECONDS), now
        if self._asking is not None and self._asking.is_answered():
            self._start_seconds = 0.0
            self._end_silence()
        elif self._asking is not None or self._silent_seconds:
            self._silent_seconds += elapsed
            if self._worked_seconds is None and self._silent_seconds > LONGEST_LOOK_SECONDS:
                self._worked_seconds = worked_seconds(self._pid)
        if self._asking is not None and self._asking.is_lost:
            self.close()
        if self._asking is None and now >= self._ask_at:
            self._asking = Asking(self._question)
            self._ask_at = now + ASK_EVERY_SECONDS
        return self._verdict()

    def seconds_until_look(self, now: float) -> float:
        if self._asking is not None or self._silent_seconds:
            return LOOK_EVERY_SECONDS
        return max(0.0, self._ask_at - now)

    def close(self) -> None:
        if self._asking is not None:
            self._asking.close()
            self._asking = None

    def _end_silence(self) -> None:
        self._silent_seconds = 0.0
        self._worked_seconds = None
        self.close()

    def _verdict(self) -> str | None:
        if self._silent_seconds < max(IDLE_SECONDS, self._start_seconds):
            return None
        if self._silent_seconds < BUSY_SECONDS and self._is_busy():
            return None
        reason = f"has answered nothing for {self._silent_seconds:.0f} s"
        self._end_silence()  # told once; where killing takes long, it is told again
        return reason

    def _is_busy(self) -> bool:
        if _state(self._pid) == "D":  # waits for a disk, and could not be killed either
            return True
        worked = worked_seconds(self._pid)
        if worked is None or self._worked_seconds is None:
            return True  # nobody knows
        return worked - self._worked_seconds > BUSY_SHARE * self._silent_seconds


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def worked_seconds(pid: int) -> float | None:
    """The processor time that a process and its descendants have taken; None where the system does not tell.

    What children took that have ended is left out, so the sum may fall.
    """
    if sys.platform != "linux":
        return None
    ticks: dict[int, int] = {}
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_bytes().rpartition(b")")[2].split()  # after the name, which may hold anything
        except OSError:
            continue  # it has just gone
        number = int(path.parent.name)
        ticks[number] = int(fields[11]) + int(fields[12])
        children.setdefault(int(fields[1]), []).append(number)
    family = [pid]
    for member in family:
        family += children.get(member, [])
    return sum(ticks.get(member, 0) for member in family) / os.sysconf("SC_CLK_TCK")
