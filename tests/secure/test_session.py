"""A member's session in the frame, in a browser that keeps third parties apart."""

import pytest
from playwright.sync_api import BrowserContext

from tests.cast import API, Page
from tests.e2e.readers import Readers
from tests.secure.conftest import COOKIE, PageOn, Secure
from tests.secure.door import CONTROL
from tests.secure.frames import MemberFrame, opened

pytestmark = pytest.mark.one_database


def test_who_signed_in_is_still_there_after_a_reload_and_the_control_is_not(
    readers: Readers, page: Page
) -> None:
    tab = readers.tab()
    frame = opened(tab, page)
    frame.sign_in()
    assert frame.kept("token") == ""
    assert frame.posted() == "Ann"

    frame = opened(tab, page)

    assert frame.cookies() == [COOKIE]
    assert frame.author() == "Ann"
    assert frame.posted("Again.") == "Ann"

    frame.sign_out()
    assert frame.author() is None
    assert opened(tab, page).cookies() == []


def test_no_script_sees_the_cookie_and_no_other_host_gets_it(readers: Readers, page: Page) -> None:
    tab = readers.tab()
    frame = opened(tab, page)

    frame.sign_in()

    assert tab.evaluate("document.cookie") == frame.evaluate("document.cookie") == ""
    cookies = {cookie["name"]: cookie for cookie in tab.context.cookies()}
    assert cookies.keys() == {COOKIE}
    told = {name: cookies[COOKIE].get(name) for name in ("domain", "path", "httpOnly", "secure", "sameSite")}
    assert told == {  # a domain without a dot before it: of that host alone
        "domain": "comments.test",
        "path": "/",
        "httpOnly": True,
        "secure": True,
        "sameSite": "None",
    }
    assert cookies[COOKIE].get("partitionKey") == "https://blog.test"


def test_each_owners_pages_have_a_session_of_their_own(readers: Readers, page_on: PageOn) -> None:
    tab = readers.tab()
    opened(tab, page_on("blog.test")).sign_in("Ann")

    elsewhere = opened(tab, page_on("shop.test"))

    assert elsewhere.author() is None
    elsewhere.sign_in("Bea")
    assert opened(tab, page_on("blog.test")).author() == "Ann"
    assert opened(tab, page_on("shop.test")).author() == "Bea"


def test_kibitzs_own_pages_have_another_session_than_the_frame(
    readers: Readers, page: Page, secure: Secure
) -> None:
    tab = readers.tab()
    opened(tab, page).sign_in("Ann")

    tab.goto(f"{secure.url}/demo/")
    own = MemberFrame(page, tab.evaluate)
    assert own.author() is None
    own.sign_in("Bea")

    # So the control is a cookie that works, where it is no third party's
    assert own.cookies() == [COOKIE, CONTROL]
    frame = opened(tab, page)
    assert (frame.author(), frame.cookies()) == ("Ann", [COOKIE])


def test_two_sites_on_one_page_have_a_session_each(readers: Readers, page: Page) -> None:
    frame = opened(readers.tab(), page)
    other = MemberFrame(Page("demo", page.page_id, page.url), frame.evaluate)

    frame.sign_in("Ann")
    other.sign_in("Bea")

    assert (frame.author(), other.author()) == ("Ann", "Bea")
    other.sign_out()
    assert (frame.author(), other.author()) == ("Ann", None)


def test_who_was_signed_out_elsewhere_does_not_go_on_as_a_guest(readers: Readers, page: Page) -> None:
    here, there = (opened(readers.tab(), page) for _ in range(2))
    here.sign_in()
    there.sign_in()

    answer = there.call("DELETE", f"{API}sites/{page.site}/session/?everywhere=1")

    assert answer.status == 204
    refused = here.post()
    assert (refused.status, refused.data["code"]) == (401, "signed_out")


def test_without_cookies_a_token_takes_their_place_and_is_renewed(
    older_readers: Readers, page: Page, secure: Secure
) -> None:
    tab = older_readers.tab()
    frame = opened(tab, page)
    frame.sign_in()
    assert frame.posted() == "Ann"

    frame = opened(tab, page)

    first = frame.kept("token")
    assert frame.cookies() == []
    assert frame.author() == "Ann"
    secure.age_sessions(minutes=16)
    assert frame.author() == "Ann"
    assert frame.kept("token") not in {"", first}
    assert opened(tab, page).posted("Again.") == "Ann"

    frame = opened(tab, page)
    frame.sign_out()
    assert opened(tab, page).author() is None


def test_the_token_stays_where_it_was_given(older_readers: Readers, page_on: PageOn, secure: Secure) -> None:
    tab = older_readers.tab()
    frame = opened(tab, page_on("blog.test"))
    frame.sign_in()
    assert frame.kept("token")
    assert tab.evaluate("JSON.stringify(localStorage)") == "{}"

    assert opened(tab, page_on("shop.test")).kept("token") == ""
    tab.goto(f"{secure.url}/demo/")
    assert MemberFrame(frame.page, tab.evaluate).kept("token") == ""


def test_where_all_is_refused_one_is_signed_in_until_the_page_closes(
    refusing: BrowserContext, page: Page
) -> None:
    tab = refusing.new_page()
    frame = opened(tab, page)
    assert (
        frame.evaluate("(() => { try { return !localStorage } catch { return 'refused' } })()") == "refused"
    )

    frame.sign_in()

    assert frame.cookies() == []
    assert frame.posted() == "Ann"
    assert frame.author() == "Ann"
    assert opened(tab, page).author() is None
