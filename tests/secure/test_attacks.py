"""What a page that is not Kibitz's can do with a reader's session: nothing."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page as Tab

from tests.cast import API, Page
from tests.e2e.readers import Readers, kept_in
from tests.e2e.screens import Comments
from tests.secure.conftest import COOKIE, KIBITZ, PageOn, Secure
from tests.secure.door import CONTROL
from tests.secure.frames import MemberFrame, opened

pytestmark = pytest.mark.one_database

FETCH = """
async ([url, options]) => {
  try {
    const response = await fetch(url, { credentials: "include", ...options });
    return response.type === "opaque" ? "opaque" : await response.text();
  } catch {
    return "refused";
  }
}
"""
SIMPLE = {"mode": "no-cors", "headers": {"Content-Type": "text/plain"}}


def fetched(tab: Tab, url: str, **options: Any) -> str:
    """What a script of the page sees of an answer."""
    return str(tab.evaluate(FETCH, [url, options]))


@pytest.mark.parametrize("host", ["blog.test", "evil.test"])
def test_another_page_neither_reads_nor_changes_a_session(
    readers: Readers, page_on: PageOn, secure: Secure, host: str
) -> None:
    tab = readers.tab()
    page = page_on()
    opened(tab, page).sign_in()
    tab.goto(page_on(host).url)
    api = secure.url + API
    session, posts = f"{api}sites/blog/session/", secure.url + page.path + "posts/"
    said = json.dumps(page.comment(body="Forged."))
    answers: list[Any] = []
    tab.on("response", kept_in(answers))

    assert fetched(tab, session) == "refused"
    assert fetched(tab, session, mode="no-cors") == "opaque"
    assert fetched(tab, session, method="DELETE") == "refused"
    assert fetched(tab, f"{api}sites/blog/door/", method="POST", body="{}", **SIMPLE) == "opaque"
    assert fetched(tab, posts, method="POST", body=said, **SIMPLE) == "opaque"
    forged = {"X-Kibitz": "1", "Content-Type": "application/json"}
    assert fetched(tab, posts, method="POST", body=said, headers=forged) == "refused"

    told = [answer for answer in answers if answer.frame == tab.main_frame and answer.url.startswith(api)]
    assert {answer.status for answer in told if answer.request.method != "OPTIONS"} == {403}
    assert {answer.request.method for answer in told} >= {"GET", "POST"}
    assert not any("access-control-allow-origin" in answer.headers for answer in told)
    frame = opened(tab, page)
    assert frame.author() == "Ann"
    assert frame.call("GET", page.path).data["posts"] == []


def test_what_refuses_a_host_page_is_the_server(readers: Readers, page: Page, secure: Secure) -> None:
    """The page is of the partition of its frame: whatever it asks for comes with the session's cookie."""
    tab = readers.tab()
    frame = opened(tab, page)
    frame.sign_in()

    assert fetched(tab, f"{secure.url}{API}sites/blog/door/", mode="no-cors") == "opaque"

    assert frame.knocks()[-2:] == [["cross-site", [COOKIE]], ["same-origin", [COOKIE]]]


def test_another_server_on_kibitzs_host_is_another_page(
    readers: Readers, page_on: PageOn, page: Page, secure: Secure
) -> None:
    """Cookies know no ports: to the jar the two are one."""
    tab = readers.tab()
    tab.goto(f"{secure.url}/demo/")
    own = MemberFrame(page, tab.evaluate)
    own.sign_in()
    tab.goto(page_on(KIBITZ).url)
    door, session = (f"{secure.url}{API}sites/blog/{call}/" for call in ("door", "session"))

    assert fetched(tab, door, mode="no-cors") == "opaque"
    assert fetched(tab, session) == fetched(tab, session, method="DELETE") == "refused"

    tab.goto(f"{secure.url}/demo/")
    assert ["same-site", [COOKIE, CONTROL]] in own.knocks()
    assert own.author() == "Ann"


def test_a_session_that_was_planted_is_nobodys_after_a_sign_in(readers: Readers, page: Page) -> None:
    """Who had the cookie before somebody else signed in with it there has nothing (session fixation)."""
    mallory, victim = readers.tab(), readers.tab()
    opened(mallory, page).sign_in("Mallory")
    planted: Any = mallory.context.cookies()
    assert [cookie["name"] for cookie in planted] == [COOKIE]

    victim.context.add_cookies(planted)
    frame = opened(victim, page)
    assert frame.author() == "Mallory"
    frame.sign_in("Ann")

    assert frame.author() == "Ann"
    assert opened(mallory, page).author() is None


def test_a_form_of_another_page_changes_nothing(readers: Readers, page: Page, secure: Secure) -> None:
    tab = readers.tab()
    opened(tab, page).sign_in()
    posts = secure.url + page.path + "posts/"

    with tab.expect_navigation(url=posts) as navigation:
        tab.evaluate(
            """([url, said]) => {
                const form = document.createElement("form");
                const input = document.createElement("input");
                [form.action, form.method, form.enctype] = [url, "post", "text/plain"];
                [input.name, input.value] = [said.slice(0, -1) + ', "x": "', '"}'];
                form.append(input);
                document.body.append(form);
                form.submit();
            }""",
            [posts, json.dumps(page.comment(body="Forged."))],
        )

    assert navigation.value is not None
    assert navigation.value.status == 403
    assert opened(tab, page).call("GET", page.path).data["posts"] == []


def test_a_page_that_lies_about_where_it_is_gets_no_frame(
    readers: Readers, page_on: PageOn, secure: Secure
) -> None:
    """The session of the page that it claims to be would not be there anyway: this is about the clicks of who
    has one at evil.test, too."""
    tab = readers.tab()
    claimed = page_on("blog.test")
    liar = page_on("evil.test", more=f'page-url="{claimed.url}"')
    refused: list[str] = []
    tab.on("requestfailed", lambda request: refused.append(request.url))

    tab.goto(liar.url)
    tab.wait_for_function("document.querySelector('kibitz-comments iframe')")
    frame = Comments(tab).document
    frame.wait_for_url("chrome-error://**")

    assert [url for url in refused if url.startswith(f"{secure.url}/embed/blog/")]


def test_a_page_of_no_site_is_told_so(readers: Readers, page_on: PageOn) -> None:
    tab = readers.tab()
    honest = page_on("evil.test")

    tab.goto(honest.url)

    told = Comments(tab).frame.locator("body")
    told.get_by_text("is not among the origins of this site").wait_for()
