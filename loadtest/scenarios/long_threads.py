"""Long threads in Chromium: how soon they are read, what a live comment costs, and a burst of replies."""

import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from statistics import median
from typing import Any, Final

from playwright.sync_api import Browser, CDPSession, Frame, expect, sync_playwright
from playwright.sync_api import Error as BrowserFailed
from playwright.sync_api import Page as Tab

from comments.threads.page import thread_key
from loadtest.bench import Bench, say
from loadtest.chromium import CHROMIUM, SWITCHES
from loadtest.stack import Stack, StackFailed

SITE: Final = "long-threads"
OWNER_HOST: Final = "127.0.0.2"  # another site than Kibitz's, so that the frame is a process of its own
SIZES: Final = (50, 1_000, 10_000)
LOADED: Final = 1_000  # of a long thread, by "Show more comments"
OPENINGS: Final = 5
LIVE_POSTS: Final = 20
LIVE_PAUSE_SECONDS: Final = 0.3
BURST_REPLIES: Final = 100
BURST_SECONDS: Final = 1.0
POSTERS: Final = 4
GIVE_UP_MILLISECONDS: Final = 60_000
VIEWPORT: Final = {"width": 1200, "height": 900}
PAGE: Final = """<!doctype html><meta charset="utf-8"><title>{name}</title>
<script async src="{kibitz}/embed.js"></script>
<kibitz-comments site="{site}" page-id="{name}" loading="eager"></kibitz-comments>"""

FIRST_PAINT: Final = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
ORIGIN: Final = "() => performance.timeOrigin"
# Frames while a burst comes: the gaps between animation frames, and the long frames as Chromium counts them.
WATCH: Final = """() => {
  const seen = window.frames_seen = { gaps: [], long: [], at: performance.now() };
  new PerformanceObserver((list) => {
    for (const { duration, scripts } of list.getEntries())
      seen.long.push([duration, scripts.reduce((sum, script) => sum + script.duration, 0)]);
  }).observe({ type: "long-animation-frame" });
  const frame = (now) => { seen.gaps.push(now - seen.at); seen.at = now; requestAnimationFrame(frame); };
  requestAnimationFrame((now) => { seen.at = now; requestAnimationFrame(frame); });
}"""

LEGEND: Final = (
    "First paint: Chromium's first-contentful-paint of the frame, counted from the page's navigation; "
    f"medians of {OPENINGS} cold openings. A live comment: the main thread's time in the frame's process for "
    f"{LIVE_POSTS} new comments, one at a time, for each of them, all tasks included. The burst: "
    f"{BURST_REPLIES} replies to the comment that is being read, posted as fast as {POSTERS} clients on the "
    f"same machine can, over {BURST_SECONDS:g} s at the least; a long frame is one of 50 ms or more by "
    "Chromium's count (long-animation-frame). The frame has a process of its own, as browsers give it."
)


class OwnersPages(BaseHTTPRequestHandler):
    """The site that the comments are on: a page of every name."""

    kibitz = ""

    def do_GET(self) -> None:
        body = PAGE.format(name=self.path[1:], kibitz=self.kibitz, site=SITE).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Nothing: the report says it all."""


@dataclass(frozen=True, slots=True)
class Work:
    """Milliseconds of the frame's main thread."""

    tasks: float
    script: float
    style_and_layout: float


@dataclass(frozen=True, slots=True)
class Visit:
    """What a measurement works with; `owner` is the pages' origin."""

    stack: Stack
    browser: Browser
    owner: str


def run(bench: Bench) -> None:
    bench.report.heading("Long threads in Chromium")
    sizes = SIZES[:2] if bench.quick else SIZES
    try:
        with owners_site(bench.stack) as owner, sync_playwright() as playwright:
            bench.stack.manage("create_site", SITE, "--origin", owner, "--unlimited")
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
            visit = Visit(bench.stack, browser, owner)
            rows = [row for size in sizes for row in measured(visit, size, quick=bench.quick)]
            browser.close()
    except (BrowserFailed, AssertionError) as error:
        raise StackFailed(str(error).splitlines()[0]) from None
    bench.report.table(rows)
    bench.report.text(LEGEND)


@contextlib.contextmanager
def owners_site(stack: Stack) -> Iterator[str]:
    """Its origin."""
    handler = type("OfThisStack", (OwnersPages,), {"kibitz": stack.base_url})
    with ThreadingHTTPServer((OWNER_HOST, 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{OWNER_HOST}:{server.server_port}"
        server.shutdown()


def measured(visit: Visit, size: int, *, quick: bool) -> Iterator[dict[str, object]]:
    """A row for the thread as it opens, and one more for it with all or `LOADED` comments loaded."""
    say(f"  {size:,} comments")
    name = f"of-{size}"
    page = {"site": SITE, "page_id": name, "url": f"{visit.owner}/{name}", "title": name}
    seeded = (SITE, name, page["url"], size)
    visit.stack.manage("shell", "-c", f"from loadtest.seed import seed; seed(*{seeded!r})")
    paints = []
    for _ in range(2 if quick else OPENINGS):
        with opened(visit, name) as (tab, frame):
            paints.append(first_paint(tab, frame))
    with opened(visit, name) as (_, frame):
        yield row(size, frame, visit.stack, page) | {"first paint ms": median(paints)}
        more = frame.get_by_role("button", name="Show more comments")
        if not more.is_visible():
            return
        while more.is_visible() and frame.locator("article").count() < LOADED:
            before = frame.locator("article").count()
            more.click()
            expect(frame.locator("article").nth(before)).to_be_attached(timeout=GIVE_UP_MILLISECONDS)
        yield row(size, frame, visit.stack, page)


@contextlib.contextmanager
def opened(visit: Visit, name: str) -> Iterator[tuple[Tab, Frame]]:
    """The page with its comments live, in a profile of its own."""
    context = visit.browser.new_context(viewport=VIEWPORT)  # type: ignore[arg-type]
    context.set_default_timeout(GIVE_UP_MILLISECONDS)
    try:
        tab = context.new_page()
        tab.goto(f"{visit.owner}/{name}")
        element = tab.wait_for_selector("kibitz-comments iframe", state="attached")
        frame = element.content_frame() if element else None
        if frame is None:
            raise StackFailed("the embed's frame has no document")
        expect(frame.locator(".state")).to_have_text("Live", timeout=GIVE_UP_MILLISECONDS)
        yield tab, frame
    finally:
        context.close()


def first_paint(tab: Tab, frame: Frame) -> float:
    """Milliseconds from the page's navigation."""
    since = float(frame.evaluate(ORIGIN)) - float(tab.evaluate(ORIGIN))
    return since + float(frame.evaluate(FIRST_PAINT))


def row(size: int, frame: Frame, stack: Stack, page: dict[str, str]) -> dict[str, object]:
    loaded = frame.locator("article").count()
    each = live_cost(frame, stack, page)
    answered, gaps, long = burst(frame, stack, page)
    return {
        "comments": size,
        "loaded": loaded,
        "first paint ms": "",
        "live comment ms": each.tasks,
        "of it script": each.script,
        "style and layout": each.style_and_layout,
        "burst in s": answered,
        "longest gap between frames ms": max(gaps, default=0.0),
        "long frames": len(long),
        "longest ms": max((duration for duration, _ in long), default=0.0),
        "most script in one ms": max((script for _, script in long), default=0.0),
    }


def live_cost(frame: Frame, stack: Stack, page: dict[str, str]) -> Work:
    """What one new comment costs that waits under the button for new ones."""
    pill = frame.locator(".pill")
    session = frame.page.context.new_cdp_session(frame)
    session.send("Performance.enable")
    first = _post(stack, page, 0)
    expect(pill).to_contain_text("1 new comment")
    before = _spent(session)
    for number in range(1, LIVE_POSTS + 1):
        _post(stack, page, number)
        time.sleep(
            LIVE_PAUSE_SECONDS
        )  # not in wait for it: to look at the page costs its main thread time, too
    after = _spent(session)
    expect(pill).to_contain_text(f"{LIVE_POSTS + 1} new comment")
    session.detach()
    pill.click()
    expect(frame.locator(f"#kibitz-{first}")).to_be_attached()
    tasks, script, layout = ((now - then) / LIVE_POSTS for now, then in zip(after, before, strict=True))
    return Work(tasks, script, layout)


def burst(frame: Frame, stack: Stack, page: dict[str, str]) -> tuple[float, list[float], list[list[float]]]:
    """Seconds until all replies were answered; gaps between frames; long frames, each with its scripts' time.
    Both in milliseconds."""
    root = frame.locator("article").first
    root.scroll_into_view_if_needed()
    parent = int((root.get_attribute("id") or "").removeprefix("kibitz-"))
    shown = frame.locator("article").count()
    frame.evaluate(WATCH)
    began = time.monotonic()

    def reply(number: int) -> None:
        time.sleep(max(0.0, began + number * BURST_SECONDS / BURST_REPLIES - time.monotonic()))
        _post(stack, page, number, parent=parent)

    with ThreadPoolExecutor(POSTERS) as posters:
        list(posters.map(reply, range(BURST_REPLIES)))
    answered = time.monotonic() - began
    expect(frame.locator("article")).to_have_count(shown + BURST_REPLIES, timeout=GIVE_UP_MILLISECONDS)
    seen = frame.evaluate("() => frames_seen")
    return answered, seen["gaps"], seen["long"]


def _post(stack: Stack, page: dict[str, str], number: int, *, parent: int | None = None) -> int:
    body: dict[str, object] = {
        "page": page,
        "body": f"Live comment {number}, of a few words.",
        "name": "dora",
    }
    if parent is not None:
        body["parent"] = parent
    return int(stack.post(f"/api/v1/threads/{thread_key(SITE, page['page_id'])}/posts/", body)["id"])


def _spent(session: CDPSession) -> tuple[float, float, float]:
    """Milliseconds since the frame began: of all tasks, of script, of style and layout."""
    found: list[dict[str, Any]] = session.send("Performance.getMetrics")["metrics"]
    values = {each["name"]: 1_000 * float(each["value"]) for each in found}
    return (
        values["TaskDuration"],
        values["ScriptDuration"],
        values["RecalcStyleDuration"] + values["LayoutDuration"],
    )
