"""Every way in, in the other engine: real clicks and keys in the frame and in its windows."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.cast import Page
from tests.e2e.firefox import Firefox, FrameGone
from tests.secure.conftest import CLUB, UNION, PageOn, Secure
from tests.secure.frames import (
    MemberFrame,
    framed_in_firefox,
    opened_in_firefox,
    stays_until_one_signs_out,
)
from tests.servers import wait_until

pytestmark = pytest.mark.one_database

BODIES = "[...document.querySelectorAll('article.post:not(.letter)')].map((post) => post.innerText).join()"


def write(firefox: Firefox, body: str) -> str:
    """Presses Post below it; the frame."""
    frame = firefox.frame()
    assert frame is not None
    firefox.evaluate("document.querySelector('form.composer textarea').focus()", frame)
    firefox.type(body, frame)
    firefox.click("button", "Post", frame)
    return frame


def is_posted(frame: MemberFrame, body: str, name: str) -> None:
    def seen() -> str:
        return str(frame.evaluate(BODIES))

    wait_until(
        lambda: body in seen() and name in seen(),
        seconds=20,
        message=lambda: f"{body} by {name}, not {seen()!r}",
    )


def by_code(firefox: Firefox, frame: str, secure: Secure) -> str:
    firefox.fill("E-mail", "fay@example.org", frame)
    firefox.fill("Name", "Fay Example", frame)
    firefox.click("button", "Send code", frame)
    code = secure.code_to("fay@example.org")
    firefox.fill("Six-digit code", code, frame)
    return "Fay Example"


def by_provider(firefox: Firefox, frame: str, secure: Secure) -> str:
    firefox.click("button", "The provider", frame)
    window = window_at(firefox, "/interaction/")
    firefox.evaluate("document.querySelector('input[name=login]').focus()", window)
    firefox.type("gil", window)
    firefox.click("button", "Sign in", window)
    return "Gil Example"  # whose address nobody else has proved


def by_passkey(firefox: Firefox, frame: str, secure: Secure) -> str:
    firefox.click("button", "Passkey", frame)
    window = window_at(firefox, "/auth/passkey/")
    firefox.fill("Your name", "Kim Example", window)
    firefox.click("button", "Create a passkey", window)
    return "Kim Example"


def window_at(firefox: Firefox, path: str) -> str:
    """The window that is at this path."""
    found: list[str] = []

    def is_there() -> bool:
        found.extend(window for window, url in firefox.windows() if path in url)
        return bool(found) and firefox.evaluate("document.readyState", found[-1]) == "complete"

    wait_until(is_there, seconds=20, message=lambda: f"a window at {path}, not {firefox.windows()}")
    return found[-1]


@pytest.mark.parametrize("way", [by_code, by_provider, by_passkey])
def test_a_way_in_signs_the_frame_in_until_one_signs_out(
    firefox: Firefox, page_on: PageOn, secure: Secure, provider: str, way: Callable[..., str]
) -> None:
    page = page_on(site=CLUB)
    frame = opened_in_firefox(firefox, page)
    before = len(firefox.windows())

    name = way(firefox, write(firefox, "From the other engine."), secure)

    is_posted(frame, "From the other engine.", name)
    assert len(firefox.windows()) == before
    stays_until_one_signs_out(lambda: opened_in_firefox(firefox, page), name, has_cookies=True)


@pytest.mark.parametrize("path", ["", "by-function/"])
def test_who_is_logged_in_at_the_site_speaks_until_they_log_out(
    firefox: Firefox, union: str, path: str
) -> None:
    page = Page(UNION, "article", f"{union}/{path}")
    assert opened_in_firefox(firefox, page).author() is None

    firefox.evaluate("document.querySelector('input[name=name]').focus()", firefox.tab)
    firefox.type("fay", firefox.tab)
    firefox.click("button", "Log in", firefox.tab)
    wait_until(lambda: who(firefox) == "fay", message="logged in at the site")
    frame = framed_in_firefox(firefox, page)
    wait_until(lambda: frame.kept("sso"), message="signed in in the frame")
    assert frame.author() == "fay"
    body = f"From the other engine, {path}."
    write(firefox, body)
    is_posted(frame, body, "fay")

    # Each page has a token of its own, and what the one before began ends with it.
    before = frame.kept("sso")
    frame = opened_in_firefox(firefox, page)
    wait_until(lambda: frame.kept("sso") != before, message="signed in by the new page's token")
    assert frame.author() == "fay"
    assert (frame.cookies(), frame.posted("Again.")) == ([f"__Host-kibitz-{UNION}"], "fay")

    firefox.click("button", "Log out", firefox.tab)
    wait_until(lambda: who(firefox) == "AnonymousUser", message="logged out at the site")
    frame = framed_in_firefox(firefox, page)
    wait_until(lambda: frame.author() is None, message="signed out in the frame")
    assert opened_in_firefox(firefox, page).author() is None


def who(firefox: Firefox) -> str:
    """Who is logged in at the site, as its page says."""
    with suppress(AssertionError, FrameGone):  # on the way from one page to the next there is none to ask
        return str(firefox.evaluate("document.querySelector('#who')?.textContent ?? ''", firefox.tab))
    return ""
