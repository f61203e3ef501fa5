"""What a reader sees and does: the comments in their frame, and one comment among them."""

import json
import re
from typing import Any, Final

from playwright.sync_api import Frame, FrameLocator, Locator, Page, expect

SOON_MILLISECONDS: Final = 10_000  # "within a second or so", on a machine that runs other tests beside it
FRAME: Final = "kibitz-comments iframe"
EVENTS: Final = ("ready", "count", "post", "error")
LISTENING: Final = f"""
  window.heard = [];
  for (const name of {json.dumps(EVENTS)})
    addEventListener(`kibitz:${{name}}`, ({{ target, detail }}) =>
      heard.push([name, target.localName, detail]));
"""


class PostScreen:
    """One comment."""

    def __init__(self, node: Locator) -> None:
        self.node = node
        self.name = node.locator(".meta b")
        self.body = node.locator(".body")
        self.score = node.locator(".score")
        self.edited = node.get_by_text("edited", exact=True)
        self.form = ComposerScreen(node.locator("form.composer"))

    def press(self, label: str) -> None:
        self.node.get_by_role("button", name=label).click()

    def reply(self, body: str, name: str = "") -> None:
        self.press("Reply")
        self.form.post(body, name, submit="Reply")

    def edit(self, body: str) -> None:
        self.press("Edit")
        self.form.post(body, submit="Save")

    def delete(self) -> None:
        self.press("Delete")
        self.press("Really delete?")


class ComposerScreen:
    """A form to write in."""

    def __init__(self, node: Locator) -> None:
        self.node = node
        self.body = node.locator("textarea")
        self.name = node.get_by_label("Name")
        self.submit_button = node.locator(".primary")
        self.error = node.locator("textarea + .error")
        self.name_error = node.locator(".foot + .error")

    def post(self, body: str, name: str = "", *, submit: str = "Post") -> None:
        self.body.fill(body)
        if name:
            self.name.fill(name)
        self.submit(submit)

    def submit(self, label: str = "Post") -> None:
        self.node.get_by_role("button", name=label, exact=True).click()


class Comments:
    """The comments on a page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.element = page.locator("kibitz-comments")
        self.frame: FrameLocator = page.frame_locator(FRAME)
        self.main = self.frame.locator("#kibitz")
        self.count = self.frame.locator("h2")
        self.state = self.frame.locator(".state")
        self.composer = ComposerScreen(self.frame.locator("#kibitz > form.composer"))
        self.notice = self.frame.locator(".notice:visible")
        self.posts = self.frame.locator("article.post:not(.letter)")
        self.letters = self.frame.locator("article.letter")  # posts on their way
        self.bodies = self.frame.locator("article.post .body")
        self.pill = self.frame.get_by_role("button", name=re.compile(r"^\d+ new comments?$"))
        self.more = self.frame.get_by_role("button", name="Show more comments")
        self.keys = self.frame.get_by_role("button", name="Keyboard shortcuts")
        self.more_replies = self.frame.locator("[data-act=branch]")

    def open(self, url: str, *, within: int = SOON_MILLISECONDS) -> "Comments":
        """Goes to the page, comes to its comments, and waits until they are live and ask for nothing more."""
        with self.page.expect_response(lambda response: "/events/?after=" in response.url, timeout=within):
            self.page.goto(url)
            # Not what is in the frame: Chromium draws no frame from elsewhere that nobody sees, and
            # Playwright waits for two drawings to call an element stable.
            self.element.scroll_into_view_if_needed()
        expect(self.state).to_have_attribute("data-state", "live", timeout=within)
        return self

    def with_body(self, text: str) -> PostScreen:
        """The post that says exactly this."""
        said = self.page.locator(".body", has_text=re.compile(rf"^\s*{re.escape(text)}\s*$"))
        return PostScreen(self.posts.filter(has=said))

    def by_id(self, post_id: int) -> PostScreen:
        return PostScreen(self.frame.locator(f"#kibitz-{post_id}"))

    def reveal(self) -> None:
        self.pill.click()

    @property
    def document(self) -> Frame:
        """The frame itself, for what only a script can see."""
        handle = self.page.locator(FRAME).element_handle()
        frame = handle.content_frame()
        assert frame is not None
        return frame

    def assert_nothing_ran(self) -> None:
        """No script from a comment, and nothing that a policy had to stop, in the page or in the frame."""
        for frame in self.page.frames:
            assert frame.evaluate("() => window.isPwned") is None, frame.url
            assert frame.evaluate("() => window.violations") == [], frame.url


def heard(page: Page, name: str) -> list[Any]:
    """The details of the comments' own events of this name; LISTENING must have begun with the page."""
    return [detail for kind, _, detail in page.evaluate("heard") if kind == name]
