"""Who is logged in at the host page's own site, over https: signed in here, and signed out with it."""

import pytest
from playwright.sync_api import BrowserContext, expect
from playwright.sync_api import Page as Tab

from tests.cast import Page
from tests.e2e.readers import Readers
from tests.e2e.screens import Comments
from tests.e2e.signing_in import account
from tests.secure.conftest import UNION
from tests.secure.frames import MemberFrame, opened
from tests.servers import wait_until

pytestmark = pytest.mark.one_database


def log_in(tab: Tab, name: str) -> None:
    tab.locator("input[name=name]").fill(name)
    with tab.expect_response(lambda response: response.url.endswith(f"/sites/{UNION}/sso/")) as sent:
        tab.get_by_role("button", name="Log in").click()
    assert sent.value.status == 200
    expect(tab.locator("#who")).to_have_text(name)


def framed(tab: Tab, page: Page) -> MemberFrame:
    """The frame on the page that is there."""
    comments = Comments(tab)
    comments.main.wait_for(state="attached")
    return MemberFrame(page, comments.document.evaluate)


def is_soon(frame: MemberFrame, name: str | None) -> None:
    wait_until(lambda: frame.author() == name, message=lambda: f"{name}, not {frame.author()}")


@pytest.mark.parametrize("way", ["", "by-function/"])
def test_who_is_logged_in_at_the_site_speaks_until_they_log_out(
    either: Readers, has_cookies: bool, union: str, way: str
) -> None:
    page = Page(UNION, "article", f"{union}/{way}")
    name = f"ann-{way}{has_cookies}".replace("/", "-")
    tab = either.tab()
    assert opened(tab, page).author() is None

    log_in(tab, name)
    is_soon(framed(tab, page), name)
    Comments(tab).composer.post(f"By {name}.")
    expect(Comments(tab).with_body(f"By {name}.").name).to_have_text(name)

    # What is still there is the session: no token of the site's arrives.
    tab.route(f"**/sites/{UNION}/sso/", lambda route: route.abort())
    frame = opened(tab, page)
    assert frame.cookies() == ([f"__Host-kibitz-{UNION}"] if has_cookies else [])
    assert (frame.kept("token") == "") == has_cookies
    assert (frame.author(), frame.posted("Again.")) == (name, name)
    tab.unroute_all()

    tab.get_by_role("button", name="Log out").click()
    expect(tab.locator("#who")).to_have_text("AnonymousUser")
    is_soon(framed(tab, page), None)
    assert opened(tab, page).author() is None


def test_where_all_is_refused_each_page_signs_in_anew(refusing: BrowserContext, union: str) -> None:
    tab = refusing.new_page()
    page = Page(UNION, "article", f"{union}/")
    seen = Comments(tab)
    opened(tab, page)

    log_in(tab, "bea")
    for body in ("By bea.", "Again, by bea."):
        tab.goto(page.url)
        seen.composer.body.fill(body)
        account(seen).wait_for()
        seen.composer.submit()
        expect(seen.with_body(body).name).to_have_text("bea")
    assert framed(tab, page).cookies() == []

    tab.get_by_role("button", name="Log out").click()
    expect(tab.locator("#who")).to_have_text("AnonymousUser")
    seen.composer.body.fill("By whom?")
    seen.composer.node.get_by_role("button", name="Sign in").wait_for()
    expect(account(seen)).to_be_hidden()
