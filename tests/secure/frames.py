"""What a frame's own script does to sign in, post and sign out, in whichever browser runs it."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import Page as Tab

from tests.cast import API, Page
from tests.e2e.firefox import Firefox, FrameGone
from tests.e2e.screens import Comments
from tests.servers import wait_until

# As api.ts and storage.ts: what the server knows the reader by is kept where the frame keeps it, by the same
# names, and goes along with every call.
CALL: Final = """
(async ({ site, method, path, told }) => {
  const memory = (window.keptByTests ??= {});
  const get = (name) => {
    try {
      return localStorage.getItem(`kibitz:${site}:${name}`) ?? memory[name] ?? "";
    } catch {
      return memory[name] ?? "";
    }
  };
  const set = (name, value) => {
    memory[name] = value;
    try {
      if (value) localStorage.setItem(`kibitz:${site}:${name}`, value);
      else localStorage.removeItem(`kibitz:${site}:${name}`);
    } catch {}
  };
  const headers = { "X-Kibitz": "1" };
  if (told) headers["Content-Type"] = "application/json";
  if (get("token")) headers.Authorization = `Bearer ${get("token")}`;
  if (get("author") && method !== "GET") headers["X-Kibitz-Author"] = get("author");
  const body = told ? JSON.stringify(told) : undefined;
  const response = await fetch(path, { method, headers, body, cache: "no-store" });
  const token = response.headers.get("X-Kibitz-Token");
  if (token) set("token", token);
  const data = response.status === 204 ? null : await response.json();
  if (data?.ticket || response.status === 204) set("author", data?.author.key ?? "");
  if (response.status === 204) set("token", "");
  return JSON.stringify({ status: response.status, data, token: token ?? "" });
})
"""


@dataclass(frozen=True, slots=True)
class Told:
    """An answer to a frame's call; `token` is a new one for the session."""

    status: int
    data: Any
    token: str


class MemberFrame:
    """The frame on one page. `evaluate` gives the value of an expression in it, once it is there."""

    def __init__(self, page: Page, evaluate: Callable[[str], Any]) -> None:
        self.page = page
        self.evaluate = evaluate
        self._session = f"{API}sites/{page.site}/session/"
        self._door = f"{API}sites/{page.site}/door/"

    def call(self, method: str, path: str, told: object = None) -> Told:
        asked = {"site": self.page.site, "method": method, "path": path, "told": told}
        return Told(**json.loads(self.evaluate(f"{CALL}({json.dumps(asked)})")))

    def sign_in(self, name: str = "Ann") -> Told:
        """Through the door, by the rule that every way in shares: where the cookie is not there at once, a
        token takes its place."""
        email = f"{name.lower()}@example.org"
        return self.followed(self.call("POST", self._door, {"email": email, "name": name}))

    def followed(self, answer: Told) -> Told:
        """What a frame does with the answer of any sign-in; the last answer."""
        assert answer.status == 200, answer
        if self.author() is None:
            answer = self.call("POST", self._session + "bearer/", {"ticket": answer.data["ticket"]})
            assert answer.status == 200, answer
        return answer

    def author(self) -> str | None:
        """The name of who is signed in."""
        answer = self.call("GET", self._session)
        if answer.status == 401 and answer.data["code"] == "signed_out":
            return None  # as signin/session.ts takes it: the session of a token has ended meanwhile
        assert answer.status == 200, answer
        return answer.data["author"] and str(answer.data["author"]["name"])

    def post(self, body: str = "Hello.") -> Told:
        return self.call("POST", self.page.path + "posts/", self.page.comment(body=body, name="nobody"))

    def posted(self, body: str = "Hello.") -> str:
        """Whose name is on a post that must be taken."""
        answer = self.post(body)
        assert answer.status == 201, answer
        return str(answer.data["author"]["name"])

    def sign_out(self) -> None:
        answer = self.call("DELETE", self._session)
        assert answer.status == 204, answer

    def knocks(self) -> list[Any]:
        """What browsers said of the last requests to the door, this one's at the end (DoorView.get)."""
        answer = self.call("GET", self._door)
        assert answer.status == 200, answer
        return list(answer.data)

    def cookies(self) -> list[str]:
        """The names of those that the browser sends along."""
        fetched, names = self.knocks()[-1]
        assert fetched == "same-origin"
        return list(names)

    def kept(self, name: str) -> str:
        """What storage has under one of this site's names."""
        return str(self.evaluate(f"localStorage.getItem('kibitz:{self.page.site}:{name}') ?? ''"))


def stays_until_one_signs_out(opened: Callable[[], MemberFrame], name: str, *, has_cookies: bool) -> None:
    """On the page opened anew somebody is still signed in and posts, and on the one after that nobody is."""
    frame = opened()
    cookies = frame.cookies()
    assert cookies == ([f"__Host-kibitz-{frame.page.site}"] if has_cookies else []), cookies
    assert (frame.kept("token") == "") == has_cookies
    assert (frame.author(), frame.posted("Again.")) == (name, name)
    frame.sign_out()
    assert frame.author() is None
    frame = opened()
    assert (frame.author(), frame.cookies(), frame.kept("token")) == (None, [], "")


def opened(tab: Tab, page: Page) -> MemberFrame:
    """The page in this tab, anew, and the frame on it."""
    tab.goto(page.url)
    comments = Comments(tab)
    comments.main.wait_for(state="attached")
    return MemberFrame(page, comments.document.evaluate)


def opened_in_firefox(firefox: Firefox, page: Page) -> MemberFrame:
    """The same in Firefox."""
    firefox.open(page.url)
    return framed_in_firefox(firefox, page)


def framed_in_firefox(firefox: Firefox, page: Page) -> MemberFrame:
    """The frame on the page that is there."""

    def evaluate(expression: str) -> object:
        values: list[object] = []

        def is_told() -> bool:
            frame = firefox.frame()
            if frame is not None:
                with suppress(FrameGone):  # the one of the page before is seen for a moment
                    values.append(firefox.evaluate(expression, frame))
            return bool(values)

        wait_until(is_told, seconds=30, message="the frame")
        return values[-1]

    wait_until(lambda: evaluate("document.querySelector('#kibitz') !== null"), message="the app's document")
    return MemberFrame(page, evaluate)
