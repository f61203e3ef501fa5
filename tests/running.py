"""`python -m comments.supervision` for real, as `./run` starts it."""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from comments.supervision.processes import tie_to_parent
from tests.servers import unused_port, wait_until

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 60.0  # the first start migrates and fills the demo, here beside other tests
STOP_SECONDS = 5.0


class Run:
    """One `./run` on a state directory of its own."""

    def __init__(self, state_dir: Path, port: int, **settings: str) -> None:
        self.state_dir = state_dir
        self.port = port
        self._log = state_dir.with_name(f"log-{port}")
        environment = {k: v for k, v in os.environ.items() if k not in {"REDIS_URL", "DATABASE_URL"}}
        environment |= {"PORT": str(port), "KIBITZ_STATE_DIR": str(state_dir), **settings}
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "comments.supervision"],
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

        wait_until(is_ready_or_ended, seconds=START_SECONDS, message=lambda: f"the banner after\n{self.log}")
        assert self.process.poll() is None, self.log

    def pids(self) -> dict[str, int]:
        found = {}
        for path in (self.state_dir / "run").glob("*.pid"):
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
        environment = {k: v for k, v in os.environ.items() if k != "REDIS_URL"}
        answer = subprocess.run(
            [sys.executable, "-m", "comments.supervision.manage", *arguments],
            cwd=ROOT,
            env={**environment, "KIBITZ_STATE_DIR": str(self.state_dir)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def ended(self, number: signal.Signals) -> int:
        """The exit status after the signal, which must not take longer than a stop may."""
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)


@contextlib.contextmanager
def started(state_dir: Path, **settings: str) -> Iterator[Run]:
    """A `./run` that is ready."""
    run = Run(state_dir, unused_port(), **settings)
    try:
        run.wait_until_ready()
        yield run
    finally:
        run.process.kill()
        run.process.wait()
