"""How it looks: wide and narrow, light and dark. PICTURES=DIR keeps the pictures."""

import os
from pathlib import Path
from typing import Final, Literal

import pytest
from playwright.sync_api import expect

from tests.cast import Page
from tests.e2e.host_site import HostSite
from tests.e2e.readers import Readers
from tests.e2e.screens import Comments
from tests.e2e.visitors import Visitor
from tests.running import Run
from tests.servers import wait_until

pytestmark = pytest.mark.one_database

Theme = Literal["light", "dark"]

THEMES: Final[tuple[Theme, ...]] = ("light", "dark")
WIDTHS: Final = {"desktop": 1200, "phone": 375}
HIDDEN_BESIDE: Final = "() => document.documentElement.scrollWidth - innerWidth"
HIDDEN_BELOW: Final = "() => document.documentElement.scrollHeight - innerHeight"
PAGE_SIZE: Final = "() => [innerWidth, document.documentElement.scrollHeight]"
MIN_HEIGHT_PX: Final = 120  # the loader's frame is never lower
LONG_WORD: Final = "Donaudampfschifffahrtsgesellschaft" * 6
DIFFICULT: Final = [
    f"One word that does not break: {LONG_WORD}",
    "A list:\n\n1. first\n2. second\n   - inside\n\n> a quotation\n> of two lines\n\nand `code`.",
    "```\n" + "a line of code that is wider than any phone; " * 4 + "\n```",
    "مرحبا، هذا تعليق من اليمين إلى اليسار.",
    "https://example.org/" + "a/very/long/path/" * 12,
    "**Stress**, *emphasis*, ~~regret~~ 👩‍👩‍👧‍👦 and a [link](https://example.org/).",
    "Depth six.",
    "Depth seven.",
    "Depth eight, where the indent has ended.",
]


@pytest.fixture(scope="session")
def difficult_page(kibitz: Run, host: HostSite) -> Page:
    """A thread that is hard to lay out: each post answers the one before."""
    page = host.page("a_difficult_thread", kibitz.url)
    alice = Visitor("alice with a name that is as long as a name can possibly be, and", page, kibitz.url)
    parent = None
    for body in DIFFICULT:
        parent = alice.posted(body, parent=parent)
    alice.leave()
    return page


@pytest.fixture(params=list(WIDTHS))
def device(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def seen(readers: Readers, device: str) -> Comments:
    """A browser of that width."""
    return readers.comments(viewport={"width": WIDTHS[device], "height": 800}, reduced_motion="reduce")


@pytest.fixture
def picture(tmp_path: Path, device: str, request: pytest.FixtureRequest) -> Path:
    """Where it goes, but for the theme."""
    directory = Path(os.environ.get("PICTURES") or tmp_path)
    directory.mkdir(parents=True, exist_ok=True)
    subject = request.node.originalname.removeprefix("test_")
    return directory / f"{subject}-{device}"


def take(seen: Comments, picture: Path) -> None:
    """In light, and in dark as soon as the reader's system turns to it."""
    for theme in THEMES:
        seen.page.emulate_media(color_scheme=theme)
        take_in(theme, seen, picture)


def take_in(theme: Theme, seen: Comments, picture: Path) -> None:
    """The whole page; nothing sticks out sideways, and the frame is as high as what is in it."""
    expect(seen.frame.locator("html")).to_have_attribute("data-theme", theme)
    document = seen.document
    wait_until(lambda: document.evaluate(HIDDEN_BELOW) <= 0, message="a frame as high as its content")
    width, height = seen.page.evaluate(PAGE_SIZE)
    # a full-page screenshot would leave out what the frame has never had on screen
    seen.page.set_viewport_size({"width": width, "height": height})
    seen.page.screenshot(path=picture.with_name(f"{picture.name}-{theme}.png"))
    assert document.evaluate(HIDDEN_BESIDE) <= 0
    assert seen.page.evaluate(HIDDEN_BESIDE) <= 0
    assert document.evaluate(
        "() => document.documentElement.getBoundingClientRect().height"
    ) == pytest.approx(seen.page.locator("iframe").evaluate("frame => frame.clientHeight"), abs=MIN_HEIGHT_PX)


def test_the_demo_thread(kibitz: Run, seen: Comments, picture: Path) -> None:
    seen.open(f"{kibitz.url}/demo/")
    expect(seen.posts.first).to_be_visible()

    take(seen, picture)


def test_an_empty_thread(kibitz: Run, host: HostSite, seen: Comments, picture: Path) -> None:
    seen.open(host.page("an_empty_thread", kibitz.url).url)
    expect(seen.notice).to_have_text("No comments yet. Be the first.")

    take(seen, picture)


def test_a_refused_post(kibitz: Run, host: HostSite, seen: Comments, picture: Path) -> None:
    seen.open(host.page("a_refused_post", kibitz.url).url)
    seen.composer.post("   ", "alice")
    expect(seen.composer.error).to_be_visible()

    take(seen, picture)


def test_a_page_that_may_not_embed(
    kibitz: Run, host: HostSite, limited_host: HostSite, seen: Comments, picture: Path
) -> None:
    snippet = f'<script async src="{kibitz.url}/embed.js" data-site="{host.site}"></script>'
    page = limited_host.pasted("may_not_embed", snippet)
    for theme in THEMES:
        seen.page.emulate_media(color_scheme=theme)
        seen.page.goto(page.url)
        expect(seen.notice).to_contain_text("No comments here.")

        take_in(theme, seen, picture)


def test_a_difficult_thread(difficult_page: Page, seen: Comments, picture: Path) -> None:
    seen.open(difficult_page.url)
    seen.posts.last.get_by_role("button", name="Reply").click()
    expect(seen.frame.locator("article form textarea")).to_be_focused()

    take(seen, picture)


def test_a_busy_thread(
    kibitz: Run,
    host: HostSite,
    seen: Comments,
    picture: Path,
    device: str,
) -> None:
    page = host.page(f"a_busy_thread_{device}", kibitz.url)
    bob = Visitor("bob", page, kibitz.url)
    gone = bob.posted("Soon gone.")
    bob.posted("A reply that keeps its place.", parent=gone)
    bob.delete(gone)
    voted = bob.posted("A good one.")
    seen.open(page.url)
    seen.composer.post("My own.", "alice")
    expect(seen.with_body("My own.").node).to_be_visible()
    seen.by_id(voted).press("Vote up")
    seen.with_body("My own.").press("Delete")
    bob.posted("News.")
    bob.leave()
    expect(seen.pill).to_be_in_viewport()

    take(seen, picture)
