"""The page around the comments: it is never hurt, whatever its policy, and whatever becomes of Kibitz."""

import re

import pytest
from playwright.sync_api import expect

from tests.cast import Page
from tests.e2e.host_site import HostSite
from tests.e2e.proxy import Proxy
from tests.e2e.readers import Readers
from tests.e2e.visitors import Visitor
from tests.running import Run
from tests.servers import wait_until

pytestmark = pytest.mark.one_database


def test_it_works_on_a_page_with_a_strict_policy(kibitz: Run, host: HostSite, readers: Readers) -> None:
    strict = host.page("a_strict_page", kibitz.url, is_strict=True)
    seen = readers.comments().open(strict.url)

    seen.composer.post("Under a strict policy.", "alice")

    expect(seen.with_body("Under a strict policy.").node).to_be_visible()
    seen.assert_nothing_ran()


def test_elements_are_placed_by_the_owner_and_counts_are_filled(
    kibitz: Run, host: HostSite, readers: Readers
) -> None:
    placed = host.pasted(
        "a-page-of-elements",
        f'<kibitz-count site="blog" page-id="a-page-of-elements"></kibitz-count>'
        f'<kibitz-comments site="blog" page-id="a-page-of-elements" label="Talk">'
        f"<p>Comments load here.</p></kibitz-comments>"
        f'<script async src="{kibitz.url}/embed.js"></script>',
    )
    alice = Visitor("alice", placed, kibitz.url)
    alice.posted("Counted.")
    alice.leave()

    seen = readers.comments().open(placed.url)

    expect(seen.page.locator("kibitz-count")).to_have_text("1")
    expect(seen.page.locator("iframe")).to_have_attribute("title", "Talk")
    expect(seen.page.get_by_text("Comments load here.")).to_have_count(0)
    expect(seen.bodies).to_have_text(["Counted."])


def test_a_page_without_an_id_is_known_by_its_address(kibitz: Run, host: HostSite, readers: Readers) -> None:
    plain = host.pasted(
        "a-plain-page", f'<script async src="{kibitz.url}/embed.js" data-site="blog"></script>'
    )
    first = readers.comments().open(f"{plain.url}?utm_source=mail#top")
    second = readers.comments().open(plain.url)

    first.composer.post("Same page, other address.", "alice")

    expect(second.pill).to_have_text("1 new comment")


@pytest.mark.parametrize(
    ("site", "origin"), [("nobody", "listed"), ("blog", "unlisted")], ids=["unknown site", "unlisted origin"]
)
def test_where_comments_may_not_be_the_frame_says_why(
    kibitz: Run, host: HostSite, limited_host: HostSite, readers: Readers, site: str, origin: str
) -> None:
    owner = host if origin == "listed" else limited_host
    snippet = f'<script async src="{kibitz.url}/embed.js" data-site="{site}"></script>'
    refused = owner.pasted(f"refused-{site}", snippet)
    seen = readers.comments()

    seen.page.goto(refused.url)

    expect(seen.notice).to_have_text(re.compile(r"No comments here\. \S.*\."))
    expect(seen.page.locator("#after")).to_be_visible()
    seen.assert_nothing_ran()


@pytest.mark.parametrize(("color", "theme"), [("#111", "dark"), ("#eee", "light")])
def test_the_comments_follow_the_page_from_light_to_dark_and_back(
    kibitz: Run, host: HostSite, readers: Readers, color: str, theme: str
) -> None:
    seen = readers.comments(color_scheme="light" if theme == "dark" else "dark")
    seen.open(host.page(f"a-page-that-turns-{theme}", kibitz.url).url)

    seen.page.evaluate("color => { document.documentElement.style.background = color; }", color)

    expect(seen.frame.locator("html")).to_have_attribute("data-theme", theme)


def test_a_page_stands_when_kibitz_is_gone(proxy: Proxy, far_page: Page, readers: Readers) -> None:
    proxy.cut()
    tab = readers.tab()

    tab.goto(far_page.url)

    expect(tab.locator("h1")).to_have_text(far_page.title)
    expect(tab.locator("#after")).to_be_visible()
    expect(tab.locator("iframe")).to_have_count(0)


def test_a_page_stands_when_kibitz_goes_after_the_loader_came(
    proxy: Proxy, far_page: Page, readers: Readers
) -> None:
    proxy.block(b"get /embed/")
    tab = readers.tab()

    tab.goto(far_page.url)

    expect(tab.locator("kibitz-comments iframe")).to_have_count(1)
    wait_until(lambda: tab.title() and proxy.blocked, message="the frame asked for")
    expect(tab.locator("#after")).to_be_in_viewport()
