"""Isso's own server, with that thread in it."""

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from comments.supervision.processes import tie_to_parent
from loadtest.peers.install import NotInstalled
from loadtest.peers.thread import comments

START_SECONDS: Final = 30.0
CONFIG: Final = """[general]
dbpath = {directory}/comments.db
host = {origin}
[server]
listen = http://127.0.0.1:{port}
[guard]
enabled = false
[moderation]
enabled = false
"""


@contextlib.contextmanager
def started(installed: Path, directory: Path, *, origin: str, uri: str) -> Iterator[int]:
    """The port on which it answers; the thread is that of the page `uri` on the site `origin`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = directory / "isso.cfg"
    config.write_text(CONFIG.format(directory=directory, origin=origin, port=port))
    with (directory / "isso.log").open("wb") as log:
        process = subprocess.Popen(
            [str(installed / "venv" / "bin" / "isso"), "-c", str(config), "run"],
            stdout=log,
            stderr=log,
            preexec_fn=tie_to_parent(signal.SIGKILL),
        )
    try:
        _wait_until_up(port, process, directory / "isso.log")
        _fill(port, uri)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait_until_up(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < give_up_at:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise NotInstalled(f"Isso did not start: {log.read_text(errors='replace')[-1_000:]}")


def _fill(port: int, uri: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    ids: dict[int, int] = {}
    for comment in comments():
        told = {"author": comment.author, "text": comment.body, "title": "peers"}
        if comment.parent:
            told["parent"] = ids[comment.parent]  # type: ignore[assignment]
        connection.request("POST", f"/new?uri={uri}", json.dumps(told), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = answer.read()
        if answer.status not in {201, 202}:
            raise NotInstalled(f"Isso refused a comment: {answer.status} {said[:200]!r}")
        ids[comment.number] = json.loads(said)["id"]
    connection.close()
