"""A page with 50 comments opened with a cold cache: Kibitz beside other systems, in one browser, in turn."""

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from playwright.sync_api import Browser

from loadtest.bench import Bench, say
from loadtest.peers import front as fronts
from loadtest.peers import isso
from loadtest.peers.browser import NeverShown, Opening, Throttle, launched, opening
from loadtest.peers.install import NotInstalled, install
from loadtest.peers.stubs import StubServer
from loadtest.peers.systems import SYSTEMS, System, page
from loadtest.peers.thread import COMMENTS
from loadtest.stack import StackFailed

SITE: Final = "peers"
REPEATS: Final = 7
QUICK_REPEATS: Final = 1
NETWORKS: Final[dict[str, Throttle | None]] = {
    "loopback": None,
    "a phone": Throttle(latency_ms=150, bytes_per_second=1_600_000 / 8, cpu_slowdown=4),
}

LEGEND: Final = (
    "the systems in turn, each in a fresh profile of Chromium, after one that does not count; lowest and "
    "highest in brackets. Requests and bytes are what the page asked for besides its own document until it "
    "was quiet for a second, headers included; nginx compresses everything, over HTTP/1.1. First comment: "
    "the animation frame after the one that laid it out. To write: the composer is shown, enabled, and the "
    "main thread free; a letter is typed into it afterwards. Shift: the page's cumulative layout shift. "
    "Kibitz's frame shares the page's process here, because a throttle holds for a process; a browser "
    "gives it its own. A stub answers the same JSON as the system's own server would, at once."
)


def run(bench: Bench) -> None:
    bench.report.heading(f"Beside other systems: a page with {COMMENTS} comments, opened with a cold cache")
    repeats = QUICK_REPEATS if bench.quick else REPEATS
    try:
        with pages(bench) as addresses, launched() as browser:
            for network, throttle in NETWORKS.items():
                say(f"  {network}")
                measured = in_turn(browser, addresses, throttle, repeats)
                bench.report.text(f"Over {network}{_described(throttle)}:")
                bench.report.table([row(system, measured[system]) for system in addresses])
    except (NotInstalled, NeverShown) as error:
        raise StackFailed(str(error)) from None
    bench.report.text(f"Medians of {repeats} openings, {LEGEND}")


@contextlib.contextmanager
def pages(bench: Bench) -> Iterator[dict[System, str]]:
    """The address of each system's page, while all that it needs is up."""
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kibitz-peers-")))
        installed = scratch / "installed"
        say("  installing the peers")
        install(installed)
        (scratch / "pages").mkdir(mode=0o755)
        for directory in (scratch, installed):
            directory.chmod(0o755)  # nginx's workers are nobody
        front = fronts.Front(fronts.free_port(), scratch / "pages")
        stub = StubServer()
        stack.callback(stub.close)
        isso_port = stack.enter_context(
            isso.started(installed, scratch, origin=front.owner, uri="/Isso.html")
        )
        modules = installed / "node_modules"
        stack.enter_context(fronts.started(scratch, front, modules, isso_port=isso_port, stub_port=stub.port))
        bench.stack.manage("create_site", SITE, "--origin", front.owner, "--unlimited")
        seeded = (SITE, "peers", f"{front.owner}/Kibitz.html", COMMENTS)
        bench.stack.manage("shell", "-c", f"from loadtest.seed import seed; seed(*{seeded!r})")
        known = {"kibitz": bench.stack.base_url, "site": SITE}
        known |= {"service": front.service, "files": f"{front.service}/files"}
        yield {system: front.put(system.name, page(system, **known)) for system in SYSTEMS}


def in_turn(
    browser: Browser, addresses: dict[System, str], throttle: Throttle | None, repeats: int
) -> dict[System, list[Opening]]:
    """So many openings of each, one of each after the other; the first of each warms the servers."""
    measured: dict[System, list[Opening]] = {system: [] for system in addresses}
    for number in range(repeats + 1):
        for system, url in addresses.items():
            found = opening(browser, system, url, throttle)
            if number:
                measured[system].append(found)
    return measured


def row(system: System, openings: Sequence[Opening]) -> dict[str, object]:
    return {
        "system": f"{system.name} {system.version}",
        "server": system.server,
        "comments shown": median(each.comments for each in openings),
        "requests": median(each.requests for each in openings),
        "KB": median(each.wire_bytes for each in openings) / 1_000,
        "first comment ms": spread([each.first_comment_ms for each in openings]),
        "to write ms": spread([each.interactive_ms for each in openings]),
        "shift": f"{median(each.layout_shift for each in openings):.3f}",
        "asks strangers": max(each.strangers for each in openings),
    }


def spread(values: Sequence[float]) -> str:
    return f"{median(values):,.0f} ({min(values):,.0f}-{max(values):,.0f})"


def _described(throttle: Throttle | None) -> str:
    if throttle is None:
        return ", as fast as it goes"
    megabits = throttle.bytes_per_second * 8 / 1_000_000
    network = f"{megabits:g} Mbit/s, {throttle.latency_ms:g} ms a round trip"
    return f" ({network}, CPU {throttle.cpu_slowdown:g} times slower)"
