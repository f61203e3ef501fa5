"""The same embed in the other engine: a reader sees a comment arrive, and writes one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cast import Page
from tests.e2e.firefox import ENTER, Firefox, launched
from tests.e2e.visitors import Visitor
from tests.servers import wait_until

pytestmark = pytest.mark.one_database

BODIES = (
    "[...document.querySelectorAll('article.post .body')].map((body) => body.textContent.trim()).join('|')"
)
STATE = "document.querySelector('.state')?.textContent ?? ''"


@pytest.fixture
def firefox(tmp_path: Path) -> Iterator[Firefox]:
    with launched(tmp_path) as browser:
        yield browser


def test_a_reader_in_firefox_sees_comments_arrive_and_posts(
    page: Page, firefox: Firefox, alice: Visitor, bob: Visitor
) -> None:
    alice.posted("Old.")
    firefox.open(page.url)
    firefox.evaluate("document.querySelector('kibitz-comments').scrollIntoView()", firefox.tab)
    wait_until(firefox.frame, message="the frame")
    frame = firefox.frame()
    assert frame is not None
    wait_until(
        lambda: firefox.evaluate(STATE, frame) == "Live",
        seconds=30,
        message=lambda: f"a live thread, not {firefox.evaluate('document.body.innerText', frame)!r}",
    )
    assert firefox.evaluate(BODIES, frame) == "Old."

    bob.posted("A reply, live.", parent=alice.posted("A root, live."))
    wait_until(
        lambda: firefox.evaluate("document.querySelector('.pill').hidden", frame) is False, message="news"
    )
    firefox.evaluate("document.querySelector('.pill').click()", frame)
    assert firefox.evaluate(BODIES, frame) == "A root, live.|A reply, live.|Old."

    firefox.evaluate("document.querySelector('form.composer textarea').focus()", frame)
    firefox.type("From the other engine.", frame)
    wait_until(
        lambda: firefox.evaluate("document.querySelector('form.composer input') !== null", frame),
        message="the form's tools",
    )
    firefox.evaluate("document.querySelector('form.composer input').focus()", frame)
    firefox.type(f"carol{ENTER}", frame)
    wait_until(lambda: "From the other engine." in firefox.evaluate(BODIES, frame), message="the own post")
    posts = alice.get(page.path).data["posts"]
    assert [post["author"]["name"] for post in posts if "other engine" in post["html"]] == ["carol"]
