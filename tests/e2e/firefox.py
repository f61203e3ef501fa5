"""Debian's Firefox, driven over WebDriver BiDi, which it speaks by itself: Playwright wants a patched one."""

import contextlib
import json
import re
import signal
import socket
import subprocess
from collections.abc import Iterable, Iterator
from io import BufferedRWPair
from pathlib import Path
from typing import Any, Final

from websockets.sync.client import ClientConnection, connect

from comments.supervision.processes import tie_to_parent
from tests.servers import wait_until

PROGRAM: Final = "firefox-esr"
OPTIONS: Final = ("--headless", "--no-remote", "--remote-debugging-port=0", "--marionette")
LISTENING: Final = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
START_SECONDS: Final = 60.0
ANSWER_SECONDS: Final = 30.0
ENTER: Final = "\ue007"
DEVICE: Final = {
    "protocol": "ctap2_1",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserConsenting": True,
    "isUserVerified": True,
}
PREFERENCES: Final = {
    "marionette.port": 0,  # any; it tells which in a file of the profile
    "security.webauth.webauthn_enable_softtoken": True,
    "security.webauth.webauthn_enable_usbtoken": False,
    "security.webauthn.allow_with_certificate_override": True,  # passkeys, with a test's own certificate
}


class FrameGone(Exception):
    """The page has gone to another, and its frame with it."""


class Firefox:
    """One browser with one tab, in a profile of its own."""

    def __init__(self, socket: ClientConnection, profile: Path) -> None:
        self._socket = socket
        self._profile = profile
        self._number = 0
        # A test's own certificate is as good as another.
        self.send("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
        self.tab: str = self.send("browsingContext.getTree")["contexts"][0]["context"]

    def send(self, method: str, **parameters: Any) -> Any:
        """The result of one command; events that come before it are passed over. Raises FrameGone."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(timeout=ANSWER_SECONDS))
            if answer.get("id") == self._number:
                if answer.get("error") == "no such frame":
                    raise FrameGone()
                assert answer["type"] == "success", answer
                return answer["result"]

    def renew(self) -> None:
        """Closes all but a tab with other cookies and another storage, as if nobody had been here before."""
        others = self.windows()
        jar = self.send("browser.createUserContext")["userContext"]
        self.tab = self.send("browsingContext.create", type="tab", userContext=jar)["context"]
        for other, _ in others:
            self.send("browsingContext.close", context=other)

    @contextlib.contextmanager
    def device(self) -> Iterator[None]:
        """A device that keeps passkeys, and always finds its owner at it: Marionette's, as BiDi has none. The
        browser can be driven no more after the block: the session ends with Marionette's connection."""
        told = self._profile / "MarionetteActivePort"
        wait_until(
            lambda: told.exists() and told.read_text(), seconds=START_SECONDS, message="Marionette listens"
        )
        port = int(told.read_text())
        with socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS) as marionette:
            stream = marionette.makefile("rwb")
            _marionette_packet(stream)  # its greeting
            command = json.dumps([0, 1, "WebAuthn:AddVirtualAuthenticator", DEVICE]).encode()
            stream.write(b"%d:%s" % (len(command), command))
            stream.flush()
            _, _, error, _ = _marionette_packet(stream)
            assert error is None, error
            yield

    def windows(self) -> list[tuple[str, str]]:
        """Every tab and popup, with its address."""
        return [(each["context"], each["url"]) for each in self.send("browsingContext.getTree")["contexts"]]

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

    def find(self, role: str, name: str, context: str) -> Any:
        """The one that has this role and name for who listens to the page; None where there is none."""
        locator = {"type": "accessibility", "value": {"role": role, "name": name}}
        nodes = self.send("browsingContext.locateNodes", context=context, locator=locator)["nodes"]
        return nodes[0] if nodes else None

    def click(self, role: str, name: str, context: str) -> None:
        """With a real pointer, as soon as it is there."""
        found: list[Any] = []

        def is_there() -> bool:
            found.append(self.find(role, name, context))
            return found[-1] is not None

        wait_until(is_there, message=f"the {role} {name!r}")
        # A pointer presses nothing that is out of sight.
        self.send(
            "script.callFunction",
            functionDeclaration="(node) => node.scrollIntoView({ block: 'center', behavior: 'instant' })",
            arguments=[{"sharedId": found[-1]["sharedId"]}],
            target={"context": context},
            awaitPromise=False,
        )
        there = {"type": "element", "element": {"sharedId": found[-1]["sharedId"]}}
        strokes = [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": there},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        pointer = {"type": "pointer", "id": "mouse", "actions": strokes}
        self.send("input.performActions", context=context, actions=[pointer])

    def fill(self, name: str, text: str, context: str) -> None:
        self.click("textbox", name, context)
        self.type(text, context)

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
    preferences = {"network.dns.localDomains": ",".join(hosts), **PREFERENCES}
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items()]
    (profile / "user.js").write_text("".join(lines))
    said = directory / "firefox.log"
    with said.open("wb") as log:
        process = subprocess.Popen(
            [PROGRAM, *OPTIONS, "--profile", str(profile)],
            env={"HOME": str(directory), "PATH": "/usr/bin:/bin"},
            stdout=log,
            stderr=log,
            preexec_fn=tie_to_parent(signal.SIGKILL),
        )
    try:
        with connect(f"{_address(said)}/session", max_size=None) as socket:
            yield Firefox(socket, profile)
    finally:
        process.kill()
        process.wait()


def _marionette_packet(stream: BufferedRWPair) -> Any:
    """One message: its length, a colon, JSON."""
    length = b""
    while (byte := stream.read(1)) not in {b":", b""}:
        length += byte
    return json.loads(stream.read(int(length)))


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
