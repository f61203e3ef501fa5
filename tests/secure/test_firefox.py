"""The same session in the other engine, with what it does against third parties by default."""

import pytest

from tests.cast import API
from tests.e2e.firefox import Firefox
from tests.secure.conftest import COOKIE, PageOn, Secure
from tests.secure.door import CONTROL
from tests.secure.frames import MemberFrame, opened_in_firefox

pytestmark = pytest.mark.one_database

FORGE = """
Promise.all(["GET", "POST", "DELETE"].flatMap((method) => ["cors", "no-cors"].map((mode) =>
  fetch(%r, { method, mode, credentials: "include" }).then(
    (response) => response.type === "opaque" ? "opaque" : "read",
    () => "refused")))).then((results) => results.sort().join(" "))
"""


def test_who_signed_in_in_firefox_is_still_there_after_a_reload(
    firefox: Firefox, page_on: PageOn, secure: Secure
) -> None:
    page = page_on()
    frame = opened_in_firefox(firefox, page)
    frame.sign_in()
    assert frame.kept("token") == ""
    assert frame.posted() == "Ann"

    frame = opened_in_firefox(firefox, page)
    assert (frame.author(), frame.posted("Again.")) == ("Ann", "Ann")

    # The host page is of the same partition: what it asks for comes with the cookie, and is refused.
    session = f"{secure.url}{API}sites/blog/session/"
    said = firefox.evaluate(FORGE % session, firefox.tab)
    assert said == "opaque opaque refused refused refused refused"
    firefox.evaluate(FORGE % f"{secure.url}{API}sites/blog/door/", firefox.tab)
    assert ["cross-site", [COOKIE, CONTROL]] in frame.knocks()
    assert frame.author() == "Ann"

    # The cookies are the frame's alone, the control's too: here they are kept apart, not refused
    firefox.open(f"{secure.url}/demo/")
    own = MemberFrame(page, lambda expression: firefox.evaluate(expression, firefox.tab))
    assert (own.cookies(), own.author()) == ([], None)
    own.sign_in("Bea")
    assert own.cookies() == [
        COOKIE,
        CONTROL,
    ]  # so the control is a cookie that works, where it is no third party's
    elsewhere = opened_in_firefox(firefox, page_on("shop.test"))
    assert (elsewhere.cookies(), elsewhere.author()) == ([], None)

    frame = opened_in_firefox(firefox, page)
    frame.sign_out()
    assert opened_in_firefox(firefox, page).author() is None
