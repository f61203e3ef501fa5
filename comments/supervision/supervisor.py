"""Starts services stage by stage, keeps them running, stops them in reverse order; one thread, one loop."""

import contextlib
import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final

from comments.supervision import orphans
from comments.supervision.liveness import Liveness
from comments.supervision.processes import Backoff, Child, Service, ending
from comments.supervision.workers import Workers

POLL_SECONDS: Final = 0.03  # how often a starting service is asked whether it is up
STOP_SECONDS: Final = 4.0  # what all stages together get before SIGKILL; the promise is gone in 5
EARLIER_STAGE_SECONDS: Final = (
    0.4  # kept back for each stage that stops after this one: valkey takes some 0.1 s
)
OWN_NAME: Final = "kibitz"
STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Stage = Sequence[Service]
Log = Callable[[str, str], None]  # (process name, line)


class StartFailed(Exception):
    """A service did not come up at the first start; the text says which and how."""


class StopRequested(Exception):
    """A stop signal came while services were starting."""


@dataclass(slots=True)
class _Slot:
    """A service's place: its present process, or the time at which it gets the next one."""

    service: Service
    child: Child | None = None
    is_up: bool = False  # its first process was, while that lives
    liveness: Liveness | None = None
    workers: Workers | None = None
    restart_at: float = 0.0
    backoff: Backoff = field(default_factory=Backoff)
    result: str = ""


class Supervisor:
    """Runs stages in order; the services of one stage start together.

    It is a context that takes over the stop signals: `start` each stage, then `watch`, and `stop` in
    every case. Only the main thread may use it (signals, and see processes.tie_to_parent).
    """

    def __init__(self, *, log: Log, run_dir: Path) -> None:
        self._log = log
        self._run_dir = run_dir
        self._stages: list[list[_Slot]] = []
        self._stop_signals = 0
        self._selector = selectors.DefaultSelector()
        self._wakeup, self._alarm = socket.socketpair()

    def __enter__(self) -> "Supervisor":
        self._strangers = orphans.children()  # of this process, but not of the supervisor's making
        orphans.adopt(True)
        self._wakeup.setblocking(False)
        self._alarm.setblocking(False)
        self._selector.register(self._wakeup, selectors.EVENT_READ)
        self._old_wakeup = signal.set_wakeup_fd(self._alarm.fileno(), warn_on_full_buffer=False)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)  # whoever started us may have blocked them
        # An ignored SIGHUP was asked for (nohup); an ignored SIGINT is only how a shell starts background
        # jobs.
        wanted = [n for n in STOP_SIGNALS if n != signal.SIGHUP or signal.getsignal(n) != signal.SIG_IGN]
        self._old_handlers = {number: signal.signal(number, self._on_stop) for number in wanted}
        self._old_handlers[signal.SIGCHLD] = signal.signal(
            signal.SIGCHLD, lambda *_: None
        )  # only to wake the loop
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._old_handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._old_wakeup)
        orphans.adopt(False)
        self._selector.close()
        self._wakeup.close()
        self._alarm.close()

    def start(self, stage: Stage) -> None:
        """Starts the stage and waits until all of it is up; raises StartFailed or StopRequested."""
        slots = [_Slot(service) for service in stage]
        self._stages.append(slots)
        for slot in slots:
            try:
                self._spawn(slot)
            except OSError as error:
                raise StartFailed(f"{slot.service.name} cannot be started: {error}") from error
        waiting = slots
        while waiting:
            self._turn(POLL_SECONDS)
            if self._stop_signals:
                raise StopRequested
            self._fail_if_one_ended()
            waiting = [slot for slot in waiting if not self._is_up(slot)]
        for slot in slots:
            slot.is_up = True
            self._look_after(slot)

    def result(self, name: str) -> str:
        """The line of JSON that the `once` service of that name wrote, empty where it wrote none."""
        return next(slot.result for slot in self._slots() if slot.service.name == name)

    def watch(self) -> None:
        """Restarts whatever ends, until a stop signal comes."""
        while not self._stop_signals:
            now = time.monotonic()
            due = [
                slot.restart_at - now for slot in self._slots() if not slot.child and not slot.service.once
            ]
            due += [slot.liveness.seconds_until_look(now) for slot in self._slots() if slot.liveness]
            due += [slot.workers.seconds_until_look(now) for slot in self._slots() if slot.workers]
            self._turn(max(0.0, min(due)) if due else None)
            for slot in self._slots():
                if not slot.service.once and not self._stop_signals:
                    self._keep_running(slot)
                    self._look_after(slot)

    def stop(self) -> None:
        """Ends every process, the last stage first: by its stop signal, by SIGKILL what takes too long."""
        deadline = time.monotonic() + STOP_SECONDS
        for number, stage in reversed(list(enumerate(self._stages))):
            stopping = list(reversed(stage))
            self._send(stopping)
            kill_at = deadline - number * EARLIER_STAGE_SECONDS
            while self._running(stopping) and time.monotonic() < kill_at:
                self._turn(POLL_SECONDS)
            for slot in self._running(stopping):
                self._log(OWN_NAME, f"{slot.service.name} did not stop in time and is killed")
            self._send(stopping, signal.SIGKILL)
            while self._running(stopping):
                self._turn(POLL_SECONDS)

    def _slots(self) -> Iterator[_Slot]:
        for stage in self._stages:
            yield from stage

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        self._stop_signals += 1

    def _spawn(self, slot: _Slot) -> None:
        slot.child = Child(slot.service, run_dir=self._run_dir, now=time.monotonic())
        self._selector.register(slot.child.output, selectors.EVENT_READ, slot)

    def _turn(self, timeout: float | None) -> None:
        """Waits for output, an ended process or a signal, at most `timeout` seconds; passes the output on."""
        for key, _ in self._selector.select(timeout):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    self._wakeup.recv(4096)
            elif (child := key.data.child) is not None:
                self._pass_on(key.data, child.lines())
                if child.at_end:  # a closed pipe is always readable: the loop would spin
                    self._selector.unregister(key.fileobj)

    def _pass_on(self, slot: _Slot, lines: Iterator[str]) -> None:
        for line in lines:
            if slot.service.once and line.startswith("{"):
                slot.result = line
            elif not slot.service.noise or slot.service.noise not in line:
                self._log(slot.service.name, line)

    def _ended(self, slot: _Slot) -> int | None:
        """The exit status of a process that has just ended, told once; otherwise None."""
        child = slot.child
        if child is None or (status := child.poll()) is None:
            return None
        slot.child = None
        slot.is_up = False
        slot.workers = None
        if slot.liveness is not None:
            slot.liveness.close()
            slot.liveness = None
        orphans.end(known=self._strangers | {s.child.pid for s in self._slots() if s.child is not None})
        if not child.at_end:
            self._selector.unregister(child.output)
        self._pass_on(slot, child.close())
        return status

    def _fail_if_one_ended(self) -> None:
        for slot in self._slots():
            status = self._ended(slot)
            if status is not None and not (slot.service.once and status == 0):
                raise StartFailed(
                    f"{slot.service.name} {ending(status)} before everything was up; see its lines above"
                )

    def _is_up(self, slot: _Slot) -> bool:
        service, child = slot.service, slot.child
        if child is None:
            return True
        if time.monotonic() - child.started_at > service.ready_seconds:
            raise StartFailed(f"{service.name} was not up after {service.ready_seconds:.0f} s")
        return not service.once and (service.ready is None or service.ready())

    def _keep_running(self, slot: _Slot) -> None:
        child = slot.child
        if child is None:
            if time.monotonic() >= slot.restart_at:
                self._restart(slot)
        elif (status := self._ended(slot)) is not None:
            self._schedule(slot, ending(status), time.monotonic() - child.started_at)

    def _look_after(self, slot: _Slot) -> None:
        """Kills who runs and answers nothing any more, or has lost a worker that it cannot replace; what is
        left of it goes when its end is noticed."""
        if slot.child is None:
            return
        reason = self._silence(slot, slot.child) or self._loss(slot, slot.child)
        if reason is not None:
            self._log(OWN_NAME, f"{slot.service.name} {reason} and is killed")
            slot.child.send(signal.SIGKILL)

    def _silence(self, slot: _Slot, child: Child) -> str | None:
        service, now = slot.service, time.monotonic()
        if service.question is None:
            return None
        if slot.liveness is None:
            start_seconds = 0.0 if slot.is_up else service.ready_seconds
            slot.liveness = Liveness(service.question, child.pid, now=now, start_seconds=start_seconds)
            return None
        return slot.liveness.look(now)

    def _loss(self, slot: _Slot, child: Child) -> str | None:
        now = time.monotonic()
        if not slot.service.falls_with_a_worker:
            return None
        if slot.workers is None:
            slot.workers = Workers(child.pid, now=now)
        return "has lost a worker" if slot.workers.has_lost_one(now) else None

    def _restart(self, slot: _Slot) -> None:
        try:
            self._spawn(slot)
        except OSError as error:  # out of processes or memory, most likely: that passes
            self._schedule(slot, f"cannot be started ({error})", 0.0)

    def _schedule(self, slot: _Slot, what_happened: str, lived_seconds: float) -> None:
        delay = slot.backoff.delay_after(lived_seconds)
        slot.restart_at = time.monotonic() + delay
        self._log(OWN_NAME, f"{slot.service.name} {what_happened}; it starts again in {delay:.1f} s")

    def _running(self, slots: Sequence[_Slot]) -> list[_Slot]:
        for slot in slots:
            self._ended(slot)
        return [slot for slot in slots if slot.child is not None]

    def _send(self, slots: Sequence[_Slot], number: signal.Signals | None = None) -> None:
        """Sends the signal, else what stops the service."""
        for slot in self._running(slots):
            if slot.child is not None:
                slot.child.send(number or slot.service.stop_signal)
