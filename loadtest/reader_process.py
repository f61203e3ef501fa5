"""One process's share of the readers: up to some 18,000 raw sockets in one epoll loop.

A reader here is a number in a few arrays. Of all the copies of a frame that one thread's readers get, the
first is parsed and the others are compared byte by byte, so that a delivery costs a few microseconds: what
is measured is the server, on whose cores this runs.
"""

import contextlib
import gc
import os
import resource
import select
import socket
import struct
import time
from array import array
from collections import Counter, deque
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Final

from loadtest.arrivals import TICKS_PER_SECOND, Arrival
from loadtest.reader_messages import Address, Counts, Open
from loadtest.thread_log import Known, ThreadLog
from loadtest.websocket_frames import (
    CLOSE,
    PING,
    PONG,
    Frame,
    Refused,
    after_handshake,
    event_numbers,
    first_frame,
    masked,
    message,
)

READ_BYTES: Final = 65536
OPENING_AT_ONCE: Final = 64  # per process, so that a hundred processes stay below any listen backlog
HANDSHAKE_SECONDS: Final = 30.0
IP_BIND_ADDRESS_NO_PORT: Final = 24  # linux/in.h: the port is chosen at connect, when the peer is known
RESET_ON_CLOSE: Final = struct.pack(
    "ii", 1, 0
)  # SO_LINGER: no TIME_WAIT holds the port of a reader that left


def run(pipe: Connection, addresses: Sequence[Address], sources: Sequence[str], rest_seconds: float) -> None:
    """The process's life: obeys the pipe until it closes or says "quit".

    Rests for so long after each look at its sockets: arrivals seem up to as much later than they were.
    """
    # The readers stand for other machines, so they take what the servers leave. With a mere nice of 10 each
    # frame that they read interrupts the server: one post to 200,000 of them took 2.5 times as long.
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    gc.disable()  # nothing here refers in circles
    with contextlib.suppress(KeyboardInterrupt, EOFError, BrokenPipeError):
        _Process(pipe, addresses, sources, hard, rest_seconds).run()


class _Process:
    def __init__(
        self,
        pipe: Connection,
        addresses: Sequence[Address],
        sources: Sequence[str],
        files: int,
        rest_seconds: float,
    ):
        self._pipe = pipe
        self._addresses = addresses
        self._sources = sources
        self._rest_seconds = rest_seconds
        self._threads = [ThreadLog(address.seq) for address in addresses]
        self._thread_of = array("l", [0]) * files  # by file descriptor
        self._seq_of = array("q", [0]) * files  # the latest event that the reader has
        self._open: set[int] = set()
        self._to_open: deque[int] = deque()  # indexes of threads
        self._opening: dict[int, tuple[float, bytes | None]] = {}  # since when; the answer so far
        self._partial: dict[int, bytes] = {}  # the beginning of a frame whose rest is on its way
        self._gaps: dict[int, set[int]] = {}  # events before the latest that a reader has not
        self._told: dict[int, int] = {}  # by reader, a head that was beyond its latest event
        self._retries = 0
        self._started = 0
        self._per_second = 0.0
        self._since = 0.0
        self._counts = Counts()
        self._epoll = select.epoll()
        self._epoll.register(pipe.fileno(), select.EPOLLIN)

    def run(self) -> None:
        control = self._pipe.fileno()
        while True:
            wait = 0.01 if self._to_open and self._per_second else 1.0
            for descriptor, _ in self._epoll.poll(wait):
                if descriptor in self._open:
                    self._read(descriptor)
                elif descriptor in self._opening:
                    self._go_on(descriptor)
                elif descriptor == control and not self._obey():
                    return
            if self._to_open or self._opening:
                self._open_more()
            if self._rest_seconds:
                time.sleep(self._rest_seconds)

    def _obey(self) -> bool:
        match self._pipe.recv():
            case Open(readers, per_second, latest):
                for index, seq in latest.items():
                    self._threads[index].seq = max(seq, self._threads[index].seq)
                self._to_open.extend(index for index, count in readers for _ in range(count))
                self._retries = len(self._to_open)
                self._started, self._since, self._per_second = 0, time.monotonic(), per_second
                self._counts = Counts()
            case "count":
                self._counts.open = len(self._open)
                self._counts.waiting = len(self._to_open) + len(self._opening)
                self._counts.skipped = sum(len(gap) for gap in self._gaps.values())
                self._counts.told = sum(max(0, head - self._seq_of[at]) for at, head in self._told.items())
                self._pipe.send(self._counts)
            case "collect":
                self._pipe.send(self._collected())
            case _:
                return False
        return True

    # --- opening ----------------------------------------------------------------------------------------

    def _open_more(self) -> None:
        now = time.monotonic()
        allowed = OPENING_AT_ONCE - len(self._opening)
        if self._per_second:
            allowed = min(allowed, int((now - self._since) * self._per_second) - self._started)
        for _ in range(min(allowed, len(self._to_open))):
            self._connect(self._to_open.popleft(), now)
        for descriptor, (since, _) in list(self._opening.items()):
            if now - since > HANDSHAKE_SECONDS:
                self._fail(descriptor, "no answer in 30 s")

    def _connect(self, index: int, now: float) -> None:
        address = self._addresses[index]
        source = self._sources[self._started % len(self._sources)]
        self._started += 1
        try:
            connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        except OSError as error:
            self._refuse(index, os.strerror(error.errno or 0))
            return
        try:
            connection.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            connection.bind((source, 0))
            with contextlib.suppress(BlockingIOError):
                connection.connect((address.host, address.port))
        except OSError as error:
            connection.close()
            self._refuse(index, os.strerror(error.errno or 0))
            return
        descriptor = connection.detach()
        self._thread_of[descriptor] = index
        self._opening[descriptor] = (now, None)
        self._epoll.register(descriptor, select.EPOLLOUT)

    def _go_on(self, descriptor: int) -> None:
        """The connection stands and the request goes out, or a part of the answer is here."""
        since, answer = self._opening[descriptor]
        try:
            if answer is None:
                # It fits the empty buffer of a new socket, whole.
                os.write(descriptor, self._addresses[self._thread_of[descriptor]].request)
                self._opening[descriptor] = (since, b"")
                self._epoll.modify(descriptor, select.EPOLLIN)
                return
            chunk = os.read(descriptor, READ_BYTES)
            rest = after_handshake(answer + chunk) if chunk else b""
            if not chunk:
                raise Refused("closed during the handshake")
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(descriptor, os.strerror(error.errno or 0))
        except Refused as error:
            self._fail(descriptor, str(error))
        else:
            if rest is None:
                self._opening[descriptor] = (since, answer + chunk)
                return
            del self._opening[descriptor]
            self._open.add(descriptor)
            self._seq_of[descriptor] = self._threads[self._thread_of[descriptor]].seq
            if rest:
                self._take(descriptor, rest, time.monotonic())

    def _fail(self, descriptor: int, reason: str) -> None:
        del self._opening[descriptor]
        self._refuse(self._thread_of[descriptor], reason)
        os.close(descriptor)

    def _refuse(self, index: int, reason: str) -> None:
        """Every reader may fail once; what fails more often is given up."""
        self._counts.refused[reason] += 1
        if self._retries:
            self._retries -= 1
            self._to_open.append(index)

    # --- reading ----------------------------------------------------------------------------------------

    def _read(self, descriptor: int) -> None:
        try:
            data = os.read(descriptor, READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lose(descriptor)
            return
        now = time.monotonic()
        thread = self._threads[self._thread_of[descriptor]]
        known = thread.by_first.get(self._seq_of[descriptor] + 1)
        if known is not None and known.raw == data and descriptor not in self._partial:
            self._seq_of[descriptor] = known.seqs[-1]
            known.at.append(now)
        else:
            self._take(descriptor, self._partial.pop(descriptor, b"") + data, now)

    def _take(self, descriptor: int, data: bytes, now: float) -> None:
        """Everything that is not exactly the frame that comes next."""
        thread = self._threads[self._thread_of[descriptor]]
        while data:
            known = thread.by_first.get(self._seq_of[descriptor] + 1)
            if known is None or not data.startswith(known.raw):
                known = next((known for known in thread.recent if data.startswith(known.raw)), None)
            if known is not None:
                self._have(descriptor, thread, known, now)
                data = data[len(known.raw) :]
                continue
            if data.startswith(thread.aside):
                data = data[len(thread.aside) :]
                self._heed(descriptor, thread.head)
                continue
            try:
                frame = first_frame(data)
                if frame is None:
                    self._partial[descriptor] = data
                    return
                self._hear(descriptor, thread, frame, data[: frame.length], now)
            except (Refused, OSError):
                self._lose(descriptor)
                return
            data = data[frame.length :]

    def _hear(self, descriptor: int, thread: ThreadLog, frame: Frame, raw: bytes, now: float) -> None:
        """A frame that no reader of the thread had lately. Raises Refused where it ends the connection."""
        if frame.opcode == CLOSE:
            raise Refused("closed")
        if frame.opcode == PING:
            os.write(descriptor, masked(PONG, frame.data))
        elif seqs := event_numbers(content := message(frame)):
            self._have(descriptor, thread, thread.add(raw, seqs), now)
        else:
            thread.aside, thread.head = raw, content.get("head", 0)
            self._heed(descriptor, thread.head)

    def _heed(self, descriptor: int, head: int) -> None:
        """A client would ask now for what it misses."""
        if head > self._seq_of[descriptor]:
            self._told[descriptor] = head

    def _have(self, descriptor: int, thread: ThreadLog, known: Known, now: float) -> None:
        """The reader has these events now; which of them are new to it, and which it still lacks."""
        seq, last = self._seq_of[descriptor], known.seqs[-1]
        gap = self._gaps.pop(descriptor, set())
        new = tuple(number for number in known.seqs if number > seq or number in gap)
        self._counts.late += sum(number in gap for number in new)
        self._counts.repeated += len(known.seqs) - len(new)
        gap = gap.union(range(seq + 1, last)).difference(known.seqs)
        if gap:
            self._gaps[descriptor] = gap
        self._seq_of[descriptor] = max(seq, last)
        if new == known.seqs:
            known.at.append(now)
        elif new:
            thread.rest.setdefault(new, Known(b"", new)).at.append(now)

    def _lose(self, descriptor: int) -> None:
        self._counts.lost += 1
        self._open.discard(descriptor)
        self._partial.pop(descriptor, None)
        self._gaps.pop(descriptor, None)
        self._told.pop(descriptor, None)
        os.close(descriptor)

    def _collected(self) -> list[Arrival]:
        """What has come since the last time; the frames' bytes go with it."""
        return [
            Arrival(index, known.seqs, dict(Counter([int(at * TICKS_PER_SECOND) for at in known.at])))
            for index, thread in enumerate(self._threads)
            for known in thread.clear()
            if known.at
        ]
