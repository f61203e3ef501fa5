"""What a site's owner can say and hear: attributes, events, methods, tokens, texts, a stylesheet, counts."""

from typing import Final

import pytest
from playwright.sync_api import expect

from comments.sites.texts import LANGUAGES, counted_text, page_texts
from tests.cast import Page
from tests.e2e.host_site import HostSite, element
from tests.e2e.readers import Readers
from tests.e2e.screens import LISTENING, heard
from tests.e2e.visitors import Visitor
from tests.running import Run
from tests.servers import wait_until

pytestmark = pytest.mark.one_database

SET: Final = (
    "(element, attributes) => Object.entries(attributes).forEach(([n, v]) => element.setAttribute(n, v))"
)
NARROW: Final = {"width": 320, "height": 800}
TALL: Final = {"width": 1280, "height": 1600}
HIDDEN_BESIDE: Final = "() => document.documentElement.scrollWidth - innerWidth"
SHIFTS: Final = """
  window.shifts = [];
  new PerformanceObserver((list) => shifts.push(...list.getEntries().map(({ value }) => value)))
    .observe({ type: "layout-shift", buffered: true });
"""
COLOR_OF: Final = "(selector) => getComputedStyle(document.querySelector(selector)).color"


@pytest.mark.parametrize("language", LANGUAGES)
def test_readers_are_told_everything_in_their_pages_language(
    language: str, kibitz: Run, host: HostSite, readers: Readers
) -> None:
    page = host.pasted(f"in-{language}", element(kibitz, f"in-{language}"), lang=language)
    alice = Visitor("alice", page, kibitz.url)
    for count in range(3):
        alice.posted(f"Comment {count}.")
    alice.leave()
    seen = readers.comments(viewport=NARROW)

    seen.page.goto(page.url)
    seen.element.scroll_into_view_if_needed()

    expect(seen.count).to_have_text(counted_text(language, page_texts(language, {})["comments"], 3))
    expect(seen.frame.locator("html")).to_have_attribute("lang", language)
    expect(seen.frame.locator("html")).to_have_attribute("dir", "rtl" if language == "ar" else "ltr")
    assert seen.document.evaluate(HIDDEN_BESIDE) <= 0
    seen.assert_nothing_ran()


def test_attributes_change_what_is_shown_at_once_and_together(
    kibitz: Run, host: HostSite, readers: Readers
) -> None:
    page = host.pasted("a-page-of-attributes", element(kibitz, "first-of-attributes"))
    alice = Visitor("alice", page, kibitz.url)
    for body in ("Older.", "Newer."):
        alice.posted(body, page=Page("blog", "second-of-attributes", page.url, page.title))
    alice.leave()
    seen = readers.comments().open(page.url)
    asked: list[str] = []
    seen.page.on(
        "request", lambda request: asked.append(request.url) if "/embed/blog/" in request.url else None
    )

    seen.element.evaluate(
        SET, {"page-id": "second-of-attributes", "sort": "oldest", "lang": "de", "label": "Talk"}
    )

    expect(seen.bodies).to_have_text(["Older.", "Newer."])
    expect(seen.count).to_have_text("2 Kommentare")
    expect(seen.page.locator("iframe")).to_have_attribute("title", "Talk")
    assert len(asked) == 1


def test_comments_can_be_read_only(kibitz: Run, host: HostSite, readers: Readers) -> None:
    page = host.pasted("a-read-only-page", element(kibitz, "a-read-only-page"))
    alice = Visitor("alice", page, kibitz.url)
    alice.posted("Said before.")
    alice.leave()
    seen = readers.comments().open(page.url)
    expect(seen.composer.node).to_be_visible()

    seen.element.evaluate(SET, {"read-only": ""})

    expect(seen.bodies).to_have_text(["Said before."])
    expect(seen.composer.node).to_be_hidden()
    expect(seen.notice).to_have_count(0)
    expect(seen.frame.get_by_role("button", name="Reply")).to_have_count(0)


def test_the_page_hears_what_happens(kibitz: Run, host: HostSite, readers: Readers) -> None:
    page = host.pasted("a-page-that-listens", element(kibitz, "a-page-that-listens"))
    seen = readers.comments()
    seen.page.add_init_script(LISTENING)
    seen.open(page.url)

    seen.composer.post("Heard.", "alice")

    expect(seen.bodies).to_have_text(["Heard."])
    wait_until(lambda: heard(seen.page, "post"), message="kibitz:post")
    wait_until(lambda: heard(seen.page, "count")[-1]["count"] == 1, message="kibitz:count")
    assert heard(seen.page, "post")[0]["id"] > 0
    assert len(heard(seen.page, "ready")) == 1
    assert heard(seen.page, "error") == []
    assert {target for _, target, _ in seen.page.evaluate("heard")} == {"kibitz-comments"}


def test_the_page_hears_that_the_frame_did_not_come(kibitz: Run, host: HostSite, readers: Readers) -> None:
    page = host.pasted("a-page-refused", element(kibitz, "x").replace('site="blog"', 'site="nobody"'))
    seen = readers.comments()
    seen.page.add_init_script(LISTENING)
    seen.page.clock.install()
    seen.page.goto(page.url)
    seen.element.scroll_into_view_if_needed()
    expect(seen.notice).to_contain_text("No comments here.")

    seen.page.clock.fast_forward(15_000)

    wait_until(lambda: heard(seen.page, "error"), message="kibitz:error")
    assert heard(seen.page, "error") == [{"code": "timeout"}]


def test_a_single_page_app_reloads_and_scrolls(kibitz: Run, host: HostSite, readers: Readers) -> None:
    snippet = f'<script async src="{kibitz.url}/embed.js" data-site="blog"></script>'
    first, second = (host.pasted(name, snippet, paragraphs=20) for name in ("spa-first", "spa-second"))
    at_second = Page("blog", second.url.removeprefix("http://").rstrip("/"), second.url, second.title)
    alice = Visitor("alice", at_second, kibitz.url)
    linked = alice.posted("Linked.")
    for number in range(20):
        alice.posted(f"After it, {number}.")
    alice.leave()
    seen = readers.comments().open(first.url)
    expect(seen.notice).to_have_text("No comments yet. Be the first.")

    seen.page.evaluate("url => history.pushState({}, '', url)", second.url)
    seen.element.evaluate("element => element.reload()")
    expect(seen.count).to_have_text("21 comments")
    seen.page.evaluate("scrollTo(0, 0)")
    seen.element.evaluate("(element, id) => element.scrollToComment(id)", linked)

    expect(seen.by_id(linked).node).to_be_in_viewport()
    expect(seen.by_id(linked).node).to_be_focused()


def test_a_far_frame_is_fetched_for_the_comment_that_is_asked_for(
    kibitz: Run, host: HostSite, readers: Readers
) -> None:
    page = host.pasted("a-far-page", element(kibitz, "a-far-page"), paragraphs=60)
    alice = Visitor("alice", page, kibitz.url)
    linked = alice.posted("Far below.")
    alice.leave()
    seen = readers.comments()
    seen.page.goto(page.url)
    expect(seen.page.locator("iframe")).to_have_count(0)
    seen.page.wait_for_function("() => Boolean(customElements.get('kibitz-comments'))")

    seen.element.evaluate("(element, id) => element.scrollToComment(id)", linked)

    expect(seen.by_id(linked).node).to_be_in_viewport()


def test_tokens_reach_the_frame_and_follow_the_page(kibitz: Run, host: HostSite, readers: Readers) -> None:
    page = host.pasted("a-page-of-tokens", element(kibitz, "a-page-of-tokens"))
    seen = readers.comments().open(page.url)
    usual = seen.document.evaluate(COLOR_OF, "h2")
    own = {
        "--kibitz-fg": "rgb(1, 2, 3)",
        "--kibitz-accent": "var(--brand)",
        "--brand": "oklch(0.5 0.1 30)",
        "--kibitz-font": '"Some Serif", serif',
        "--kibitz-size": "18px",
        "--kibitz-radius": "0",
    }

    seen.page.evaluate(
        "own => { for (const [n, v] of Object.entries(own)) document.body.style.setProperty(n, v) }", own
    )

    heading = seen.frame.locator("h2")
    expect(heading).to_have_css("color", "rgb(1, 2, 3)")
    expect(heading).to_have_css("font-family", '"Some Serif", serif')
    expect(seen.frame.locator("html")).to_have_css("font-size", "18px")
    expect(seen.frame.locator("form.composer")).to_have_css("border-radius", "0px")
    seen.composer.body.focus()
    expect(seen.frame.locator(".primary")).to_have_css("background-color", "oklch(0.5 0.1 30)")

    seen.page.evaluate("document.body.removeAttribute('style')")

    expect(heading).to_have_css("color", usual)


def test_an_owners_texts_and_stylesheet_are_in_the_frame(
    kibitz: Run, limited_host: HostSite, readers: Readers
) -> None:
    kibitz.shell(
        "from comments.models import Site; Site.objects.filter(key='limited').update("
        "texts={'en': {'placeholder': 'Say hello…'}}, stylesheet='h2 { color: rgb(9, 8, 7) }')",
    )
    page = limited_host.page("a_page_of_its_own_style", kibitz.url)

    seen = readers.comments().open(page.url)

    expect(seen.composer.body).to_have_attribute("placeholder", "Say hello…")
    expect(seen.count).to_have_css("color", "rgb(9, 8, 7)")
    seen.assert_nothing_ran()


def test_an_isolated_page_can_embed_comments_and_counts(
    kibitz: Run, host: HostSite, readers: Readers
) -> None:
    page = host.pasted(
        "an-isolated-page",
        '<kibitz-count site="blog" page-id="an-isolated-page"></kibitz-count>'
        + element(kibitz, "an-isolated-page"),
        headers={
            "Cross-Origin-Embedder-Policy": "require-corp",
            "Cross-Origin-Opener-Policy": "same-origin",
        },
    )
    seen = readers.comments().open(page.url)

    seen.composer.post("Isolated.", "alice")

    expect(seen.bodies).to_have_text(["Isolated."])
    expect(seen.page.locator("kibitz-count")).to_have_text("1")
    assert seen.page.evaluate("crossOriginIsolated")
    seen.assert_nothing_ran()


def test_counts_are_one_request_and_say_what_the_owner_wants(
    kibitz: Run, host: HostSite, readers: Readers
) -> None:
    forms = 'zero="No comments" one="{n} comment" other="{n} comments"'
    counts = "".join(
        f'<kibitz-count site="blog" page-id="counted-{name}" {more}></kibitz-count>'
        for name, more in (("none", forms), ("one", forms), ("two", forms), ("two", ""))
    )
    page = host.pasted("a-list-of-pages", counts + element(kibitz, "counted-two"))
    alice = Visitor("alice", page, kibitz.url)
    for name in ("one", "two", "two"):
        alice.posted(page=Page("blog", f"counted-{name}", page.url, page.title))
    alice.leave()
    seen = readers.comments()
    asked: list[str] = []
    seen.page.on("request", lambda request: asked.append(request.url) if "/counts/" in request.url else None)
    seen.open(page.url)
    shown = seen.page.locator("kibitz-count")
    expect(shown).to_have_text(["No comments", "1 comment", "2 comments", "2"])

    seen.composer.post("A third.", "alice")

    expect(shown).to_have_text(["No comments", "1 comment", "3 comments", "3"])
    assert len(asked) == 1
    seen.page.locator("kibitz-count").first.evaluate(SET, {"page-id": "counted-one"})
    expect(shown.first).to_have_text("1 comment")


@pytest.mark.parametrize("where", ["in the tag", "in a stylesheet"])
def test_a_page_that_reserves_room_has_nothing_move(
    where: str, kibitz: Run, host: HostSite, readers: Readers
) -> None:
    name = f"room-{where}".replace(" ", "-")
    snippet = element(kibitz, name)
    if where == "in the tag":
        snippet = snippet.replace(
            "<kibitz-comments", "<kibitz-comments style='display:block;min-height:25rem'"
        )
    else:
        rule = "kibitz-comments { display: block; min-height: 25rem !important }"
        snippet = f"<style>{rule}</style>{snippet}"
    page = host.pasted(name, snippet)
    seen = readers.comments(viewport=TALL)
    seen.page.add_init_script(SHIFTS)

    seen.open(page.url)

    expect(seen.page.locator("#after")).to_be_in_viewport()  # where a shift of it counts
    assert seen.element.evaluate("element => element.offsetHeight") == 25 * 16
    assert seen.element.locator("iframe").evaluate("frame => frame.offsetHeight") > 160  # it grew within
    assert seen.page.evaluate("shifts") == []
