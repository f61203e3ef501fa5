"""Runs the posters for a while, and what became of their posts."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM
from typing import Final, Self

from comments.env import BASE_DIR
from comments.supervision.processes import tie_to_parent
from loadtest.arrivals import Answered, quantile, read_answers
from loadtest.stack import Stack, Thread

MOST_USERS: Final = 400
GRACE_SECONDS: Final = 60.0  # locust's own start, and answers that are late


class PostersFailed(Exception):
    """Locust did not run; the text is what it said last."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What was answered 201, in order of thread and time; `ms` has whole milliseconds -> answers."""

    answers: list[Answered]
    failed: int
    ms: Counter[int]

    def answer_ms(self, share: float) -> int:
        return quantile(self.ms, share)

    @property
    def per_second(self) -> float:
        times = [answer.at for answer in self.answers]
        return len(times) / (max(times) - min(times)) if len(times) > 1 else 0.0


class Posting:
    """Posters in a process of their own; a context, which ends it. `scratch` is a directory for its files."""

    def __init__(
        self,
        stack: Stack,
        threads: Sequence[Thread],
        *,
        per_second: float,
        seconds: float,
        weights: Sequence[float] = (),
        scratch: Path,
    ) -> None:
        self._indexes = {thread.key: index for index, thread in enumerate(threads)}
        self._answers = scratch / "answers"
        self._answers.unlink(missing_ok=True)
        self._log = scratch / "locust.log"
        self._limit = seconds + GRACE_SECONDS
        users = min(MOST_USERS, max(10, round(per_second)))
        plan = {
            "threads": [{"key": thread.key, "page": thread.page} for thread in threads],
            "weights": list(weights),
            "per_second": per_second,
            "users": users,
            "seconds": seconds,
            "answers": str(self._answers),
        }
        path = scratch / "plan.json"
        path.write_text(json.dumps(plan))
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "locust", "--locustfile", "loadtest/posters.py", "--headless"),
                    *("--host", stack.base_url, "--users", str(users), "--spawn-rate", str(users)),
                    *("--stop-timeout", "10", "--json"),
                    *("--loglevel", "WARNING", "--exit-code-on-error", "0"),
                ],
                cwd=BASE_DIR,
                env={**os.environ, "KIBITZ_LOAD_PLAN": str(path), "PYTHONPATH": str(BASE_DIR)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                preexec_fn=tie_to_parent(SIGTERM),
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_until_posting(self) -> None:
        """Returns at the first 201, so that what is measured from here on is not locust's start."""
        give_up_at = time.monotonic() + GRACE_SECONDS
        while not (self._answers.exists() and self._answers.stat().st_size):
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                raise PostersFailed(f"no post was accepted: {self._said()}")
            time.sleep(0.02)

    def wait(self) -> Posted:
        """Until the posters are done. Raises PostersFailed."""
        try:
            output, _ = self._process.communicate(timeout=self._limit)
        except subprocess.TimeoutExpired:
            raise PostersFailed(f"the posters did not end: {self._said()}") from None
        if self._process.returncode:
            raise PostersFailed(f"locust ended with {self._process.returncode}: {self._said()}")
        ms: Counter[int] = Counter()
        failed = 0
        for entry in json.loads(output):
            failed += entry["num_failures"]
            ms.update({int(float(key)): count for key, count in entry["response_times"].items()})
        with self._answers.open() as lines:
            return Posted(read_answers(lines, self._indexes), failed, ms)

    def stop(self) -> None:
        """Ends the process if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()

    def _said(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()
        said = [line for line in lines if line.strip() and "|" not in line]  # without its tables
        return "\n".join(said[-10:]) or "locust said nothing"
