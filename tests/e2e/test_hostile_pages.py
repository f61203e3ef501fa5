"""Pages that lie to the frame, or to the loader: nothing but what they may say is believed."""

import pytest
from playwright.sync_api import expect

from tests.e2e.host_site import HostSite, element
from tests.e2e.readers import Readers
from tests.e2e.screens import LISTENING, heard
from tests.running import Run
from tests.servers import wait_until

pytestmark = pytest.mark.one_database


@pytest.mark.parametrize(
    "value",
    [
        "url(https://evil.example/x)",
        "var(--x, url(https://evil.example/x))",
        "v\\61r(--x)",
        "env(x, url(https://evil.example/x))",
        "red; position: fixed",
        "red } * { display: none",
        "9" * 300 + "px",
        "no-such-colour",
        None,
        {"toString": 1},
    ],
)
def test_a_hostile_page_sets_nothing_but_values(
    value: object, kibitz: Run, host: HostSite, readers: Readers
) -> None:
    page = host.pasted("a-page-of-evil-tokens", element(kibitz, "a-page-of-evil-tokens"))
    seen = readers.comments().open(page.url)
    frame = seen.element.locator("iframe")

    frame.evaluate(
        """(frame, [value, origin]) => {
          for (const tokens of [Array(20).fill(value), { 0: value }, value])
            frame.contentWindow.postMessage({ kibitz: "theme", theme: "dark", tokens }, origin);
        }""",
        [value, kibitz.url],
    )

    expect(seen.frame.locator("html")).to_have_attribute("data-theme", "dark")
    assert seen.document.evaluate("document.documentElement.style.length") == 0
    expect(seen.composer.node).to_be_visible()
    seen.assert_nothing_ran()


@pytest.mark.parametrize("shift", ["NaN", "soon", None, [], {}, 1e-9])
def test_nothing_but_pixels_scrolls_the_page(
    shift: object, kibitz: Run, host: HostSite, readers: Readers
) -> None:
    page = host.pasted("a-page-of-shifts", element(kibitz, "a-page-of-shifts"), paragraphs=30)
    seen = readers.comments().open(page.url)
    scrolled = seen.page.evaluate("scrollY")

    seen.document.evaluate(
        "shift => parent.postMessage({ kibitz: 'height', height: 700, shift }, '*')", shift
    )

    frame = seen.page.locator("kibitz-comments iframe")
    wait_until(lambda: frame.evaluate("frame => frame.style.height") == "700px", message="the height")
    assert scrolled > 0
    assert seen.page.evaluate("scrollY") == pytest.approx(scrolled, abs=1)


def test_a_page_on_its_way_somewhere_is_not_stopped_by_heights(
    kibitz: Run, host: HostSite, readers: Readers
) -> None:
    page = host.pasted("a-page-in-motion", element(kibitz, "a-page-in-motion"), paragraphs=30)
    seen = readers.comments().open(page.url)
    assert seen.page.evaluate("scrollY") > 0
    seen.document.evaluate(
        "() => setInterval(() => parent.postMessage({ kibitz: 'height', height: 700, shift: 0 }, '*'), 10)"
    )

    seen.page.evaluate("() => scrollTo({ top: 0, behavior: 'smooth' })")

    wait_until(lambda: seen.page.evaluate("scrollY") == 0, message="the page's own way to its top")


def test_only_the_frame_itself_is_believed(kibitz: Run, host: HostSite, readers: Readers) -> None:
    page = host.pasted(
        "a-page-of-forgers", element(kibitz, "a-page-of-forgers") + "<iframe id=forger srcdoc=''></iframe>"
    )
    seen = readers.comments()
    seen.page.add_init_script(LISTENING)
    seen.open(page.url)
    frame = seen.page.locator("kibitz-comments iframe")
    wait_until(lambda: heard(seen.page, "count"), message="the frame's own count")
    height = frame.evaluate("frame => frame.style.height")

    seen.page.evaluate(
        """origin => {
          const forged = { kibitz: "height", height: 9000 };
          const forgedCount = { kibitz: "count", count: 666 };
          const source = document.querySelector("#forger").contentWindow;
          for (const data of [forged, forgedCount, null, 7, "height", { kibitz: {} }, { kibitz: "ready" }]) {
            postMessage(data, "*");
            source.eval(`parent.postMessage(${JSON.stringify(data)}, "*")`);
            dispatchEvent(new MessageEvent("message", { data, origin }));
            dispatchEvent(new MessageEvent("message", { data, origin, source }));
          }
          return new Promise((resolve) => setTimeout(resolve));
        }""",
        kibitz.url,
    )

    assert frame.evaluate("frame => frame.style.height") == height
    assert {detail["count"] for detail in heard(seen.page, "count")} == {0}
    assert len(heard(seen.page, "ready")) == 1


@pytest.mark.parametrize(
    ("height", "shown"),
    [(-5, 160), (1e9, 1e6), ("NaN", 160), ("Infinity", 1e6), (None, 160), ([], 160), ("9e9px", 160)],
)
def test_no_height_breaks_the_page(
    height: object, shown: float, kibitz: Run, host: HostSite, readers: Readers
) -> None:
    page = host.pasted("a-page-of-heights", element(kibitz, "a-page-of-heights"))
    seen = readers.comments().open(page.url)

    seen.document.evaluate("height => parent.postMessage({ kibitz: 'height', height }, '*')", height)
    seen.document.evaluate("() => parent.postMessage({ kibitz: 'scroll', top: NaN }, '*')")

    frame = seen.page.locator("kibitz-comments iframe")
    wait_until(
        lambda: float(frame.evaluate("frame => parseFloat(frame.style.height)")) == shown,
        message="a height within bounds",
    )


def test_a_page_of_another_site_cannot_frame_the_owners_page_with_its_comments(
    kibitz: Run, host: HostSite, limited_host: HostSite, readers: Readers
) -> None:
    framed = host.pasted("framed", element(kibitz, "framed", 'loading="eager" theme="light"'))
    framing = limited_host.pasted("framing", f'<iframe id="inner" height="800" src="{framed.url}"></iframe>')
    tab = readers.tab()
    inner = tab.frame_locator("#inner")

    with tab.expect_response(lambda response: "/embed/blog/" in response.url):
        tab.goto(framing.url)

    expect(inner.locator("kibitz-comments iframe")).to_have_count(1)
    expect(inner.frame_locator("kibitz-comments iframe").locator("#kibitz")).to_have_count(0)
    expect(inner.locator("#after")).to_be_attached()
