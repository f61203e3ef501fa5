"""Real processes of the push tier, for the tests of this folder."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
import redis

from comments.events.wire import EventEntry, stream_name
from tests import servers

ROOT = Path(__file__).parents[3]
KEY = "a" * 26


class Process:
    """A process of Kibitz's, and what it said first."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self._popen = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Whoever started the tests may have them ignore it, as shells do with jobs in the background.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        assert self._popen.stdout is not None
        self._output: IO[str] = self._popen.stdout
        self.first_line = self._output.readline().strip()

    @property
    def pid(self) -> int:
        return self._popen.pid

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Sends the signal and returns the exit status."""
        self._popen.send_signal(number)
        return self._popen.wait(10)

    def result(self) -> tuple[int, str]:
        """Exit status and standard error of a process that ends by itself."""
        _, errors = self._popen.communicate(timeout=10)
        return self._popen.returncode, errors

    def errors(self) -> str:
        """What has come on standard error since it was asked last."""
        assert self._popen.stderr is not None
        file = self._popen.stderr.fileno()
        os.set_blocking(file, False)
        try:
            return os.read(file, 1_000_000).decode()
        except BlockingIOError:
            return ""

    def close(self) -> None:
        if self._popen.poll() is None:
            self._popen.kill()
            self._popen.wait()
        for stream in (self._popen.stdout, self._popen.stderr):
            if stream is not None:
                stream.close()


StartProcess = Callable[..., Process]


@contextmanager
def process_starter(redis_url: str) -> Iterator[StartProcess]:
    """`start("realtime.server", "--port", "0", KIBITZ_…="…")`; what was started is killed in the end."""
    started: list[Process] = []

    def start(module: str, *arguments: str, **environment: str) -> Process:
        process = Process(["-m", module, *arguments], {"REDIS_URL": redis_url, **environment})
        started.append(process)
        return process

    try:
        yield start
    finally:
        for process in started:
            process.close()


@pytest.fixture
def start_process(redis_url: str) -> Iterator[StartProcess]:
    """See process_starter; for one test."""
    with process_starter(redis_url) as start:
        yield start


@pytest.fixture
def start_formatter(start_process: StartProcess) -> Callable[..., Process]:
    def start(index: int | str = 0, **environment: str) -> Process:
        return start_process("realtime", KIBITZ_FORMATTER_INDEX=str(index), **environment)

    return start


class Events:
    """Puts events of one thread onto a stream, as the web tier does."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def add(self, first: int, last: int, *, text: str = "hello", stream: str = stream_name(0)) -> None:
        pipeline = self._client.pipeline(transaction=False)
        for seq in range(first, last + 1):
            data = f'{{"seq":{seq},"type":"post.created","post":{{"html":"{text}"}}}}'
            pipeline.xadd(stream, dict(EventEntry(seq, KEY, "e1", seq, data).fields()))  # type: ignore[arg-type]
        pipeline.execute()


@pytest.fixture
def events(redis_client: redis.Redis) -> Events:
    return Events(redis_client)


async def eventually(condition: Callable[[], Any], *, message: str) -> None:
    """`wait_until` beside a running event loop."""
    await asyncio.to_thread(servers.wait_until, condition, message=message)
