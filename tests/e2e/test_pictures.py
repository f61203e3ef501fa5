"""How it looks: wide and narrow, light and dark. PICTURES=DIR keeps the pictures."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import pytest
from playwright.sync_api import Frame, expect

from tests.cast import Page
from tests.e2e.host_site import HostSite
from tests.e2e.proxy import Proxy
from tests.e2e.readers import Readers
from tests.e2e.screens import Comments
from tests.e2e.visitors import Visitor
from tests.running import Run
from tests.servers import wait_until

pytestmark = pytest.mark.one_database

Theme = Literal["light", "dark"]

THEMES: Final[tuple[Theme, ...]] = ("light", "dark")
WIDTHS: Final = {"desktop": 1200, "phone": 360}
HIDDEN_BESIDE: Final = "() => document.documentElement.scrollWidth - innerWidth"
HIDDEN_BELOW: Final = "() => document.documentElement.scrollHeight - innerHeight"
ARE_DRAWN: Final = """() => [...document.querySelectorAll("article:not([hidden])")].every(
  (post) => post.checkVisibility({ contentVisibilityAuto: true }))"""
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

HOLD: Final = (
    "from comments.sites.models import Site; Site.objects.filter(key='held').update(moderation='pre')"
)
ARABIC: Final = [
    ("ليلى", "مقال رائع، شكرًا على الشرح الواضح. هل ستكتبون جزءًا ثانيًا؟"),
    ("كريم", "أوافقك الرأي، وخصوصًا ما ورد عن **الأداء** في الفقرة الثالثة."),
    ("Ann", "Some of us read along in English, too: `kibitz` stays left-to-right."),
    ("سلمى", "> هل ستكتبون جزءًا ثانيًا؟\n\nنعم، في الأسبوع القادم."),
]
HOT: Final = [
    ("Ines", "Kick-off in two minutes. Who else is watching from the office?"),
    ("Tom", "Me. With the sound off and a spreadsheet in front of it."),
    ("Priya", "What a save! He had no right to get there."),
    ("Jonas", "Replay from behind the goal: it was **already over the line**, wasn't it?"),
    ("Mei", "The referee is looking at it now."),
    ("Ines", "Goal! One–nil. My whole street just shouted."),
    ("Okoro", "Deserved. They have been the better side since the tenth minute."),
    ("Tom", "My spreadsheet has a typo now."),
]


@pytest.fixture(scope="session")
def held_host(kibitz: Run) -> Iterator[HostSite]:
    """A site whose posts wait for a moderator."""
    site = HostSite("held", "127.0.0.4")
    kibitz.manage("create_site", site.site, "--origin", site.origin)
    kibitz.shell(HOLD)
    yield site
    site.close()


@pytest.fixture(scope="session")
def difficult_page(kibitz: Run, host: HostSite) -> Page:
    """A thread that is hard to lay out: each post answers the one before."""
    page = host.page("a_difficult_thread", kibitz.url, paragraphs=0)
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
    wait_until(lambda: is_all_drawn(seen, document), message="a frame as high as its content, with all of it")
    seen.page.screenshot(path=picture.with_name(f"{picture.name}-{theme}.png"))
    assert document.evaluate(HIDDEN_BESIDE) <= 0
    assert seen.page.evaluate(HIDDEN_BESIDE) <= 0
    assert document.evaluate(
        "() => document.documentElement.getBoundingClientRect().height"
    ) == pytest.approx(seen.page.locator("iframe").evaluate("frame => frame.clientHeight"), abs=MIN_HEIGHT_PX)


def is_all_drawn(seen: Comments, document: Frame) -> bool:
    """Makes the window as high as its page: what was never on screen has not its true height yet."""
    width, height = seen.page.evaluate(PAGE_SIZE)
    if seen.page.viewport_size != {"width": width, "height": height}:
        seen.page.set_viewport_size({"width": width, "height": height})
        return False
    return bool(document.evaluate(HIDDEN_BELOW) <= 0 and document.evaluate(ARE_DRAWN))


def test_the_demo_thread(kibitz: Run, seen: Comments, picture: Path) -> None:
    seen.open(f"{kibitz.url}/demo/")
    expect(seen.posts.first).to_be_visible()

    take(seen, picture)


def test_an_empty_thread(kibitz: Run, host: HostSite, seen: Comments, picture: Path) -> None:
    seen.open(host.page("an_empty_thread", kibitz.url, paragraphs=0).url)
    expect(seen.notice).to_have_text("No comments yet. Be the first.")

    take(seen, picture)


def test_a_refused_post(kibitz: Run, host: HostSite, seen: Comments, picture: Path) -> None:
    seen.open(host.page("a_refused_post", kibitz.url, paragraphs=0).url)
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


def test_a_thread_from_right_to_left(
    kibitz: Run, host: HostSite, seen: Comments, picture: Path, device: str
) -> None:
    name = f"from_right_to_left_{device}"
    attributes = f'data-site="{host.site}" data-page-id="{name}" data-lang="ar"'
    page = host.pasted(name, f'<script async src="{kibitz.url}/embed.js" {attributes}></script>')
    layla = Visitor("ليلى", page, kibitz.url)
    first = layla.posted("مرحبا، هذا تعليق من اليمين إلى اليسار، وفيه كلمة Kibitz بالإنجليزية.")
    layla.posted("> اقتباس قصير\n\nوهذا جوابي عليه.", parent=first)
    layla.posted("And one from left to right, with `code` in it.")
    layla.leave()
    seen.page.goto(page.url)
    seen.element.scroll_into_view_if_needed()
    expect(seen.count).to_have_text("3 تعليقات")
    expect(seen.state).to_have_text("مباشر")

    take(seen, picture)


def test_a_busy_thread(
    kibitz: Run,
    host: HostSite,
    seen: Comments,
    picture: Path,
    device: str,
) -> None:
    page = host.page(f"a_busy_thread_{device}", kibitz.url, paragraphs=0)
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


def test_a_comment_being_written(kibitz: Run, host: HostSite, seen: Comments, picture: Path) -> None:
    seen.open(host.page("a_comment_being_written", kibitz.url).url)
    seen.composer.body.fill("A first line with **strong** words.\n\n> and a quotation\n\n- and a list")
    expect(seen.composer.name).to_be_visible()

    take(seen, picture)


def test_a_preview(kibitz: Run, host: HostSite, seen: Comments, picture: Path) -> None:
    seen.open(host.page("a_preview", kibitz.url).url)
    seen.composer.body.fill("A first line with **strong** words.\n\n> and a quotation\n\n- and a list")
    seen.composer.node.get_by_role("tab", name="Preview").click()
    expect(seen.composer.node.locator("strong")).to_be_visible()

    take(seen, picture)


def test_posts_on_their_way(kibitz: Run, host: HostSite, seen: Comments, picture: Path, device: str) -> None:
    page = host.page(f"posts_on_their_way_{device}", kibitz.url)
    bob = Visitor("bob", page, kibitz.url)
    root = bob.posted("Who is on a train, too?")
    bob.leave()
    seen.open(page.url)
    seen.composer.post("There already.", "alice")
    expect(seen.with_body("There already.").node).to_be_visible()
    seen.page.route("**/posts/", lambda route: route.abort())
    seen.composer.post("A comment that found no way out of the tunnel.", "alice")
    seen.by_id(root).reply("Me, and this one waits as well.")
    expect(seen.letters.get_by_text("Not sent.")).to_have_count(2)

    take(seen, picture)


def test_a_hot_thread(kibitz: Run, host: HostSite, seen: Comments, picture: Path, device: str) -> None:
    page = host.page(f"a_hot_thread_{device}", kibitz.url, paragraphs=0)
    fans = {name: Visitor(name, page, kibitz.url) for name, _ in HOT}
    posted = [fans[name].posted(body) for name, body in HOT]
    fans["Mei"].posted("It was. Line technology says so.", parent=posted[3])
    fans["Jonas"].posted("I knew it!", parent=fans["Tom"].posted("Both of you were right.", parent=posted[3]))
    for name in ("Tom", "Priya", "Mei", "Okoro"):
        fans[name].vote(posted[5], 1)
    fans["Tom"].vote(posted[2], 1)
    seen.open(page.url)
    expect(seen.posts).to_have_count(len(HOT) + 3)

    for name, body in HOT[2:6]:
        fans[name].posted(f"Again: {body}")
    expect(seen.pill).to_have_text("4 new comments")
    for fan in fans.values():
        fan.leave()

    take(seen, picture)


def test_a_report(kibitz: Run, host: HostSite, seen: Comments, picture: Path) -> None:
    page = host.page("a_report", kibitz.url)
    mallory = Visitor("mallory", page, kibitz.url)
    rude = mallory.posted("Something that nobody wants to read.")
    mallory.leave()
    seen.open(page.url)
    seen.by_id(rude).press("Report")
    expect(seen.frame.get_by_role("dialog")).to_be_visible()

    take(seen, picture)


def test_a_held_post(kibitz: Run, held_host: HostSite, seen: Comments, picture: Path, device: str) -> None:
    seen.open(held_host.page(f"a_held_post_{device}", kibitz.url, paragraphs=0).url)
    seen.composer.post("I hope that somebody lets this through.", "alice")
    expect(seen.posts.get_by_text("Awaiting moderation")).to_be_visible()

    take(seen, picture)


def test_right_to_left(kibitz: Run, host: HostSite, seen: Comments, picture: Path, device: str) -> None:
    name = f"right_to_left_{device}"
    snippet = f'<kibitz-comments site="{host.site}" page-id="{name}" lang="ar"></kibitz-comments>'
    page = host.pasted(name, f'<script async src="{kibitz.url}/embed.js"></script>{snippet}', paragraphs=0)
    parent = None
    for author, body in ARABIC:
        visitor = Visitor(author, page, kibitz.url)
        parent = visitor.posted(body, parent=parent)
        visitor.leave()
    seen.open(page.url)
    expect(seen.posts).to_have_count(len(ARABIC))

    take(seen, picture)


def test_offline(kibitz: Run, difficult_page: Page, seen: Comments, picture: Path) -> None:
    seen.open(difficult_page.url)
    seen.page.context.set_offline(True)
    expect(seen.state).to_have_text("Offline")

    take(seen, picture)


def test_a_server_that_does_not_answer(
    host: HostSite, seen: Comments, proxy: Proxy, picture: Path, device: str
) -> None:
    page = host.page(f"a_server_that_does_not_answer_{device}", proxy.url, paragraphs=0)
    seen.open(page.url)
    seen.composer.body.focus()
    expect(seen.composer.name).to_be_visible()
    proxy.cut()
    seen.composer.post("Is anybody there?", "erin")
    expect(seen.letters).to_contain_text("Not sent.")

    take(seen, picture)
