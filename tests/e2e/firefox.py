"""Debian's Firefox, driven over WebDriver BiDi, which it speaks by itself: Playwright wants a patched one."""

import contextlib
import json
import re
import signal
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from websockets.sync.client import ClientConnection, connect

from comments.supervision.processes import tie_to_parent
from tests.servers import wait_until

PROGRAM: Final = "firefox-esr"
LISTENING: Final = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
START_SECONDS: Final = 60.0
ANSWER_SECONDS: Final = 30.0
ENTER: Final = "\ue007"


class Firefox:
    """One browser with one tab, in a profile of its own."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0
        # A test's own certificate is as good as another.
        self.send("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
        self.tab: str = self.send("browsingContext.getTree")["contexts"][0]["context"]

    def send(self, method: str, **parameters: Any) -> Any:
        """The result of one command; events that come before it are passed over."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(timeout=ANSWER_SECONDS))
            if answer.get("id") == self._number:
                assert answer["type"] == "success", answer
                return answer["result"]

    def open(self, url: str) -> None:
        self.send("browsingContext.navigate", context=self.tab, url=url, wait="complete")

    def frame(self) -> str | None:
        """The comments' frame, once it is there."""
        children = self.send("browsingContext.getTree", root=self.tab)["contexts"][0]["children"]
        return next((str(child["context"]) for child in children if "/embed/" in child["url"]), None)

    def evaluate(self, expression: str, context: str) -> Any:
        """The value of an expression that is a text, a number, a truth or nothing."""
        answer = self.send(
            "script.evaluate", expression=expression, target={"context": context}, awaitPromise=True
        )
        assert answer["type"] == "success", answer
        return answer["result"].get("value")

    def type(self, text: str, context: str) -> None:
        """Real keys, into what has the focus."""
        strokes = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        keyboard = {"type": "key", "id": "keyboard", "actions": strokes}
        self.send("input.performActions", context=context, actions=[keyboard])


@contextlib.contextmanager
def launched(directory: Path, *, hosts: Iterable[str] = ()) -> Iterator[Firefox]:
    """Its profile is in the directory; it ends with the block. The hosts are names of this machine."""
    profile = directory / "profile"
    profile.mkdir()
    preference = json.dumps(["network.dns.localDomains", ",".join(hosts)])
    (profile / "user.js").write_text(f"user_pref({preference[1:-1]});\n")
    said = directory / "firefox.log"
    with said.open("wb") as log:
        process = subprocess.Popen(
            [PROGRAM, "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port=0"],
            env={"HOME": str(directory), "PATH": "/usr/bin:/bin"},
            stdout=log,
            stderr=log,
            preexec_fn=tie_to_parent(signal.SIGKILL),
        )
    try:
        with connect(f"{_address(said)}/session", max_size=None) as socket:
            yield Firefox(socket)
    finally:
        process.kill()
        process.wait()


def _address(log: Path) -> str:
    found: list[str] = []

    def is_told() -> bool:
        found.extend(LISTENING.findall(log.read_text(errors="replace")))
        return bool(found)

    wait_until(
        is_told,
        seconds=START_SECONDS,
        message=lambda: f"Firefox listens; it said {log.read_text(errors='replace')[-2_000:]}",
    )
    return found[0]
