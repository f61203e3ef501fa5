"""One cold opening of a page in Chromium: what it fetches, and when its comments can be read and written."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import Browser, Frame, sync_playwright
from playwright.sync_api import Error as BrowserFailed
from playwright.sync_api import Page as Tab

from loadtest.chromium import CHROMIUM, SWITCHES
from loadtest.peers.systems import System

OUR_SWITCHES: Final = [
    *SWITCHES,
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE 127.0.0.2",
    # A frame of another site in the page's own process: the throttle, a process's, would spare it elsewhere.
    "--disable-site-isolation-trials",
    "--disable-features=IsolateOrigins,site-per-process,HttpsUpgrades,MediaRouter,OptimizationHints",
]
VIEWPORT: Final = {"width": 1200, "height": 900}
GIVE_UP_MILLISECONDS: Final = 30_000
QUIET_MILLISECONDS: Final = 1_000  # without a request: what comes later is no first load
CHARACTER: Final = "x"


@dataclass(frozen=True, slots=True)
class Throttle:
    """A phone on a mobile network; `bytes_per_second` is for either direction."""

    latency_ms: float
    bytes_per_second: float
    cpu_slowdown: float


@dataclass(frozen=True, slots=True)
class Opening:
    """Times count from the navigation, in milliseconds; bytes are those of the wire, headers and all.

    `comments` of the thread were there at the end. The page's own document counts nowhere.
    """

    requests: int
    wire_bytes: int
    first_comment_ms: float
    interactive_ms: float
    layout_shift: float
    comments: int
    strangers: int


class NeverShown(Exception):
    """No comment, or nothing to write in, in time; the text says what there was instead."""


# Runs in every frame before anything else. A frame's clock and its page's have one zero: timeOrigin.
WITNESS: Final = """(() => {
  const seen = { comment: 0, composer: 0, shift: 0 };
  window.peersSeen = seen;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) seen.shift += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  const isShown = (element) => {
    const box = element?.getBoundingClientRect();
    return box && box.width > 0 && box.height > 0 && getComputedStyle(element).visibility === "visible";
  };
  const look = () => {
    const comment = document.querySelector(%COMMENT%);
    const composer = document.querySelector(%COMPOSER%);
    // the frame after the one it is first found in shows it
    if (!seen.comment && isShown(comment)) requestAnimationFrame(() => { seen.comment ||= now(); });
    if (!seen.composer && isShown(composer) && !composer.disabled && !composer.readOnly)
      setTimeout(() => { seen.composer ||= now(); });
    if (!seen.comment || !seen.composer) requestAnimationFrame(look);
  };
  const now = () => performance.timeOrigin + performance.now();
  requestAnimationFrame(look);
})();"""


@contextlib.contextmanager
def launched() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OUR_SWITCHES)
        yield browser
        browser.close()


def opening(browser: Browser, system: System, url: str, throttle: Throttle | None) -> Opening:
    """In a context of its own, whose cache is empty. Raises NeverShown."""
    context = browser.new_context(viewport=VIEWPORT)  # type: ignore[arg-type]
    context.set_default_timeout(GIVE_UP_MILLISECONDS)
    try:
        witness = WITNESS.replace("%COMMENT%", repr(system.comment)).replace(
            "%COMPOSER%", repr(system.composer)
        )
        context.add_init_script(witness)
        tab = context.new_page()
        said: list[str] = []
        tab.on("console", lambda message: said.append(message.text))
        tab.on("pageerror", lambda error: said.append(str(error)))
        wire = Wire(tab, url, throttle)
        try:
            return _watched(tab, system, url, wire)
        except BrowserFailed as error:
            raise NeverShown(f"{system.name}: {error.message.splitlines()[0]}; it said {said[-3:]}") from None
    finally:
        context.close()


def _watched(tab: Tab, system: System, url: str, wire: "Wire") -> Opening:
    tab.goto(url, wait_until="commit")
    began = float(tab.evaluate("() => performance.timeOrigin"))
    home = _home(tab, system)
    home.wait_for_function("() => peersSeen.comment && peersSeen.composer", timeout=GIVE_UP_MILLISECONDS)
    seen = home.evaluate("() => peersSeen")
    while (before := len(wire.lengths)) >= 0:
        tab.wait_for_timeout(QUIET_MILLISECONDS)
        if len(wire.lengths) == before:
            break
    result = Opening(
        requests=len(wire.lengths),
        wire_bytes=sum(wire.lengths.values()),
        first_comment_ms=seen["comment"] - began,
        interactive_ms=seen["composer"] - began,
        layout_shift=float(tab.evaluate("() => peersSeen.shift")),
        comments=home.locator(system.comment).count(),
        strangers=len(wire.strangers),
    )
    _type_into(home, system)
    return result


def _home(tab: Tab, system: System) -> Frame:
    """The frame that the comments are in: the page's own, or the one that comes into it."""
    if system.name != "Kibitz":
        return tab.main_frame
    frame = tab.wait_for_selector("kibitz-comments iframe", state="attached")
    found = frame.content_frame() if frame else None
    assert found is not None
    found.wait_for_function("() => window.peersSeen && document.getElementById('kibitz')")
    return found


def _type_into(home: Frame, system: System) -> None:
    """Whether what counted as something to write in takes a letter. Raises NeverShown."""
    composer = home.locator(system.composer).first
    composer.click()
    composer.press(CHARACTER)
    written = composer.evaluate("field => field.value ?? field.textContent")
    if CHARACTER not in written:
        raise NeverShown(f"{system.name}: its composer took no letter")


class Wire:
    """What a tab fetches: bytes by request, once they are all there."""

    def __init__(self, tab: Tab, document: str, throttle: Throttle | None) -> None:
        self.lengths: dict[str, int] = {}
        self.strangers: set[str] = set()
        self._asked: dict[str, str] = {}
        self._document = document
        session = tab.context.new_cdp_session(tab)
        session.on("Network.requestWillBeSent", self._begun)
        session.on("Network.loadingFinished", self._ended)
        session.send("Network.enable")
        if throttle is not None:
            conditions = {
                "offline": False,
                "latency": throttle.latency_ms,
                "downloadThroughput": throttle.bytes_per_second,
                "uploadThroughput": throttle.bytes_per_second,
            }
            session.send("Network.emulateNetworkConditions", conditions)
            session.send("Emulation.setCPUThrottlingRate", {"rate": throttle.cpu_slowdown})

    def _begun(self, event: dict[str, Any]) -> None:
        url = event["request"]["url"]
        if url.startswith("data:") or url == self._document:
            return
        if not url.startswith(("http://127.0.0.1:", "http://127.0.0.2:")):
            self.strangers.add(url)
        self._asked[event["requestId"]] = url

    def _ended(self, event: dict[str, Any]) -> None:
        if event["requestId"] in self._asked:
            self.lengths[event["requestId"]] = int(event["encodedDataLength"])
