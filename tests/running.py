"""`python -m comments.supervision` for real, as `./run` and `./run stack` start it."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from comments.supervision.processes import tie_to_parent
from tests.servers import unused_port, wait_until

R = TypeVar("R", bound="Run")
ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 60.0  # the first start migrates and fills the demo, here beside other tests
STOP_SECONDS = 5.0
# A line of JSON in, a line of JSON out.
SHELL = """
import contextlib, io, json, sys, traceback
from django.db import connections
names = dict(globals())
for line in sys.stdin:
    printed, error = io.StringIO(), ""
    try:
        with contextlib.redirect_stdout(printed):
            exec(json.loads(line), dict(names))
    except Exception:
        error = traceback.format_exc()
    connections.close_all()
    print(json.dumps([printed.getvalue(), error]), flush=True)
"""


class Run:
    """One `./run` on a state directory of its own."""

    VERB: Sequence[str] = ()
    START_SECONDS = START_SECONDS

    def __init__(self, state_dir: Path, port: int, **settings: str) -> None:
        self.state_dir = state_dir
        self.run_dir = state_dir.joinpath(*self.VERB, "run")
        self.port = port
        self._log = state_dir.with_name(f"log-{port}")
        environment = {k: v for k, v in os.environ.items() if k not in {"REDIS_URL", "DATABASE_URL"}}
        environment |= {"PORT": str(port), "KIBITZ_STATE_DIR": str(state_dir), **settings}
        self._shell: subprocess.Popen[str] | None = None
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "comments.supervision", *self.VERB],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=tie_to_parent(signal.SIGTERM),
            )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def wait_until_ready(self) -> None:
        def is_ready_or_ended() -> bool:
            return "Kibitz is ready" in self.log or self.process.poll() is not None

        wait_until(
            is_ready_or_ended, seconds=self.START_SECONDS, message=lambda: f"the banner after\n{self.log}"
        )
        assert self.process.poll() is None, self.log

    def pids(self) -> dict[str, int]:
        found = {}
        for path in self.run_dir.glob("*.pid"):
            with contextlib.suppress(FileNotFoundError):  # its process has just ended
                found[path.stem] = int(path.read_text())
        return found

    def get(self, path: str) -> int:
        """The status of a GET; 0 where nobody listens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()

    def manage(self, *arguments: str) -> str:
        """What `./run manage …` prints, on this one's database and Redis."""
        answer = subprocess.run(
            self._manage(*arguments),
            cwd=ROOT,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def shell(self, code: str) -> str:
        """What the code prints in one `./run manage shell` for all: each start takes seconds of a core."""
        if self._shell is None:
            with self._log.open("ab") as log:
                self._shell = subprocess.Popen(
                    self._manage("shell", "--verbosity", "0", "-c", SHELL),
                    cwd=ROOT,
                    env=self._environment(),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    preexec_fn=tie_to_parent(signal.SIGTERM),
                )
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.write(json.dumps(code) + "\n")
        self._shell.stdin.flush()
        answer = self._shell.stdout.readline()
        assert answer, self.log
        printed, error = json.loads(answer)
        assert not error, error
        return str(printed)

    def _manage(self, *arguments: str) -> list[str]:
        flags = [f"--{verb}" for verb in self.VERB]
        return [sys.executable, "-m", "comments.supervision.manage", *flags, *arguments]

    def _environment(self) -> dict[str, str]:
        environment = {k: v for k, v in os.environ.items() if k != "REDIS_URL"}
        return {**environment, "KIBITZ_STATE_DIR": str(self.state_dir)}

    def end(self) -> None:
        """Ends it as a crash would."""
        for process in (self._shell, self.process):
            if process is not None:
                process.kill()
                process.communicate()

    def ended(self, number: signal.Signals) -> int:
        """The exit status after the signal, which must not take longer than a stop may."""
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)


class StackRun(Run):
    """One `./run stack`; its state is in the directory `stack` of the state directory."""

    VERB = ("stack",)
    START_SECONDS = 2 * START_SECONDS  # twice the processes, and a cluster to make


@contextlib.contextmanager
def started(state_dir: Path, **settings: str) -> Iterator[Run]:
    """A `./run` that is ready."""
    with _until_killed(Run(state_dir, unused_port(), **settings)) as run:
        yield run


@contextlib.contextmanager
def stack_started(state_dir: Path, **settings: str) -> Iterator[StackRun]:
    """A `./run stack` that is ready. It is stopped: killed, it would leave the directory of its sockets."""
    with _until_killed(StackRun(state_dir, unused_port_pair(), **settings)) as run:
        try:
            yield run
        finally:
            with contextlib.suppress(subprocess.TimeoutExpired):
                run.ended(signal.SIGTERM)


def unused_port_pair() -> int:
    """The first of two TCP ports side by side, both as `unused_port` gives them."""
    while True:
        port = unused_port()
        with contextlib.suppress(OSError, OverflowError):
            unused_port(port + 1)
            return port


@contextlib.contextmanager
def _until_killed(run: R) -> Iterator[R]:
    try:
        run.wait_until_ready()
        yield run
    finally:
        run.end()
