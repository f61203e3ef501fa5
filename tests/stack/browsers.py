"""Writers and readers of a `./run stack`: the front for HTTP, the push instance for frames."""

import http.client
import json
import random
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Final
from urllib.parse import urlencode

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from tests.cast import API, Page
from tests.client_model import ClientModel

ANSWER_SECONDS: Final = 10.0
GAP_SECONDS: Final = (0.3, 0.8)  # the client's rule: how long a missing frame is waited for


class Unanswered(Exception):
    """The front could not be reached, or said that who is behind it could not."""


class Browser:
    """Somebody on a page, who asks the front."""

    def __init__(self, port: int, page: Page) -> None:
        self.page = page
        self._origin = f"http://127.0.0.1:{port}"
        self._port = port
        self._token = ""
        self.last_cache = ""  # what the front's cache said about the last answer

    def ask(self, method: str, path: str, told: object = None) -> Any:
        """The JSON of the answer; raises Unanswered for 502 to 504 and for no answer."""
        headers = {"X-Kibitz": "1", "Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=ANSWER_SECONDS)
        try:
            connection.request(method, path, None if told is None else json.dumps(told), headers)
            answer = connection.getresponse()
            body = answer.read()
        except OSError as error:
            raise Unanswered(str(error)) from error
        finally:
            connection.close()
        if answer.status >= 500:
            raise Unanswered(f"{answer.status} {body!r}")
        assert answer.status < 300, (answer.status, body)
        self._token = answer.headers.get("X-Kibitz-Token", self._token)
        self.last_cache = answer.headers.get("X-Cache", "")
        return json.loads(body) if body else None

    def post(self, body: str) -> dict[str, Any]:
        post: dict[str, Any] = self.ask(
            "POST", f"{self.page.path}posts/", {"body": body, "name": "alice", "page": self.page.named()}
        )
        return post

    def edit(self, post_id: int, body: str) -> None:
        self.ask("PATCH", f"{API}posts/{post_id}/", {"body": body})

    def delete(self, post_id: int) -> None:
        self.ask("DELETE", f"{API}posts/{post_id}/")

    def snapshot(self) -> dict[str, Any]:
        snapshot: dict[str, Any] = self.ask("GET", f"{self.page.path}?sort=newest&limit=200")
        return snapshot

    def live_address(self) -> str:
        """The signed address of the thread's WebSocket."""
        query = urlencode({"page_id": self.page.page_id, "url": self.page.url})
        address: str = self.ask("GET", f"{API}sites/{self.page.site}/thread/?{query}")["live"]["ws"]
        return address

    def listen(self, on_frame: Callable[[dict[str, Any]], None]) -> "Listener":
        """Passes on what comes over the live address, as soon as it is open, from another thread."""
        return Listener(self.live_address(), self._origin, on_frame)


class Listener:
    """An open socket of the push instance."""

    def __init__(self, address: str, origin: str, on_frame: Callable[[dict[str, Any]], None]) -> None:
        self._closing = ExitStack()
        self._socket = self._closing.enter_context(
            connect(address, additional_headers={"Origin": origin}, open_timeout=ANSWER_SECONDS)
        )
        self._thread = threading.Thread(target=self._pass_on, args=[on_frame], daemon=True)
        self._thread.start()

    def _pass_on(self, on_frame: Callable[[dict[str, Any]], None]) -> None:
        try:
            for text in self._socket:
                on_frame(json.loads(text))
        except WebSocketException:
            pass  # closed from the other side: who needs more opens another

    def close(self) -> None:
        self._closing.close()
        self._thread.join()


class Reader:
    """A client by the book: opens the socket, holds what comes, takes a snapshot, fills gaps."""

    def __init__(self, port: int, page: Page, written: Callable[[], int]) -> None:
        """`written()` is the thread's number as its writer knows it now."""
        self._browser = Browser(port, page)
        self._frames: list[dict[str, Any]] = []
        self._listener = self._browser.listen(self._frames.append)
        newest = written()
        first = self._browser.snapshot()
        is_cached = self._browser.last_cache in {"HIT", "STALE", "UPDATING"}
        self.began_with_old_snapshot = is_cached and first["seq"] < newest
        self._model = ClientModel([first])  # type: ignore[list-item]  # the public JSON is the shape
        self._announced = 0
        self._gap_since = 0.0
        self._patience = 0.0

    def look(self, *, now: float | None = None) -> None:
        """Applies what has come; fills a gap that has been open for a while."""
        now = time.monotonic() if now is None else now
        while self._frames:
            frame = self._frames.pop(0)
            self._announced = max(self._announced, frame.get("head", 0), frame.get("last", 0))
            self._model.receive(frame)
        if self._announced <= self._model.seq:
            self._gap_since = 0.0
        elif not self._gap_since:
            self._gap_since, self._patience = now, random.uniform(*GAP_SECONDS)
        elif now - self._gap_since > self._patience:
            path = f"{self._browser.page.path}events/?after={self._model.seq}"
            self._model.receive(self._browser.ask("GET", path))
            self._gap_since = 0.0

    @property
    def seq(self) -> int:
        return self._model.seq

    def state(self) -> object:
        return self._model.state()

    def leave(self) -> None:
        self._listener.close()


def fresh_state(browser: Browser, seq: int) -> object:
    """What a snapshot that is no older than `seq` comes to, or None as long as the cache has an older one."""
    snapshot = browser.snapshot()
    if snapshot["seq"] < seq:
        return None
    return ClientModel([snapshot]).state()  # type: ignore[list-item]
