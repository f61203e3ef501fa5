"""Programs beside the stack, driven by a line at a time: readers in two languages, a faulty network."""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from comments.env import BASE_DIR
from comments.supervision.processes import tie_to_parent
from loadtest.convergence.ledger import Held, ReaderState

OPEN_SECONDS: Final = 120.0
ANSWER_SECONDS: Final = 60.0
PYTHON_READERS: Final = (sys.executable, "-m", "loadtest.client")


class ProgramFailed(Exception):
    """A program of ours ended by itself, or does not answer; the text has what it said."""


class Program:
    """A context: leaving it ends the process. Each question is a line, and so is its answer."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._argv = list(argv)

    def __enter__(self) -> Self:
        self._errors = tempfile.TemporaryFile()  # what it says goes nowhere until it fails
        self._process = subprocess.Popen(
            self._argv,
            cwd=BASE_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            preexec_fn=tie_to_parent(signal.SIGKILL),
        )
        self._buffer = b""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._errors.close()

    def say(self, line: str) -> None:
        """Raises ProgramFailed."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()
        except OSError:
            raise self._failed("ended") from None

    def hear(self, seconds: float = ANSWER_SECONDS) -> str:
        """The next line; raises ProgramFailed."""
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        give_up_at = time.monotonic() + seconds
        pieces = [self._buffer]
        while b"\n" not in pieces[-1]:
            ready, _, _ = select.select([descriptor], [], [], max(0.0, give_up_at - time.monotonic()))
            piece = os.read(descriptor, 1 << 20) if ready else b""
            if not piece:
                raise self._failed("ended" if ready else f"did not answer in {seconds:g} s")
            pieces.append(piece)
        line, _, self._buffer = b"".join(pieces).partition(b"\n")
        return line.decode()

    def _failed(self, what: str) -> ProgramFailed:
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace")[-2_000:].strip()
        return ProgramFailed(f"{' '.join(map(str, self._argv))} {what}: {said or 'it said nothing'}")


class Network(Program):
    """See loadtest.convergence.network; everything passes at first."""

    def __init__(self, *, readers_port: int, node_port: int, push_port: int, push_config: Path) -> None:
        ports = (str(port) for port in (readers_port, node_port, push_port))
        super().__init__([sys.executable, "-m", "loadtest.convergence.network", *ports, str(push_config)])

    def __enter__(self) -> Self:
        super().__enter__()
        self.hear()
        return self

    def set(self, which: str, mode: str) -> None:
        """`readers` pass or silent; `node` pass, silent or broken."""
        self.say(f"{which} {mode}")
        self.hear()


class ReaderProgram(Program):
    """Readers by the client's rule. `name` is theirs in reports, `is_cut_off` tells that a faulty network may
    stand between them and the push node."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        readers: Sequence[Mapping[str, str]],
        *,
        is_cut_off: bool = False,
    ) -> None:
        super().__init__(argv)
        self.name = name
        self.readers = readers
        self.is_cut_off = is_cut_off

    def begin_opening(self) -> None:
        self.say(json.dumps({"do": "open", "readers": self.readers}))

    def end_opening(self, seconds: float = OPEN_SECONDS) -> int:
        """How many have their snapshot and a socket."""
        return int(self._answer("open", seconds)["open"])

    def ask_all(self) -> None:
        """Asks for what came since the last time. `told` has the answer: so several programs work at once."""
        self.say(json.dumps({"do": "collect"}))

    def told(self) -> dict[str, Any]:
        return self._answer("collect")

    def states(self, from_id: int) -> list[ReaderState]:
        """What each reader holds of posts with this id or a later one."""
        self.say(json.dumps({"do": "posts", "from": from_id}))
        found = []
        for number, reader in enumerate(self._answer("posts")["readers"]):
            posts = {int(post_id): Held(*held) for post_id, held in reader["posts"].items()}
            name = f"{self.name}[{number}]"
            found.append(ReaderState(name, reader["key"], reader["epoch"], reader["seq"], posts))
        return found

    def forget(self, below_id: int) -> None:
        self.say(json.dumps({"do": "forget", "below": below_id}))
        self._answer("forget")

    def _answer(self, to: str, seconds: float = ANSWER_SECONDS) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.hear(seconds))
        if answer.get("done") != to:
            raise ProgramFailed(f"{self.name} answered {str(answer)[:500]} instead of {to}")
        return answer
