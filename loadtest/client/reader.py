"""One reader of one page: the twin's live line and state, joined as embed/src/app.ts joins the embed's."""

import asyncio
import random
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode, urlsplit

from loadtest.client.awaited import AwaitedSource, LoopClock, RequestFailed
from loadtest.client.frames import Cursor, Event, Run, Totals
from loadtest.client.live import Live, LiveOptions, LiveState
from loadtest.client.network import Network
from loadtest.client.record import Record, Track
from loadtest.client.thread_state import ThreadState

RELOAD_SECONDS: Final = 1.0  # until somebody whose page did not load loads it again


class Order(NamedTuple):
    """A reader to be. `via` is the way of its live line: `push` as the bootstrap says, `front` for Channels
    behind the front, or a host:port that stands between, where harm may be done."""

    site: str
    page_id: str
    url: str
    via: str


class Reader:
    """The AwaitedRequests and the LiveListener of its own line. `open` first."""

    def __init__(self, order: Order, network: Network, record: Record) -> None:
        self.track = Track(record)
        self.live_state: LiveState = "reconnecting"
        self._order = order
        self._network = network
        self._record = record
        self._is_open = asyncio.Event()
        self._thread: ThreadState | None = None

    async def open(self) -> None:
        """Returns when it has its snapshot and an open carrier; as long as the page does not load, again."""
        address, settings, cursor = await self._page()
        options = LiveOptions(
            address, cursor, settings["reconnect_spread_seconds"], settings["silence_seconds"]
        )
        clock = LoopClock(random.random)
        source = AwaitedSource(self)
        Live(options, clock=clock, connect=self._network.connect, source=source, listener=self).start()
        await self._is_open.wait()

    async def _page(self) -> tuple[str, dict[str, Any], Cursor]:
        while True:
            try:
                address, settings = await self._bootstrap()
                return address, settings, await self.snapshot()
            except RequestFailed:
                await asyncio.sleep(RELOAD_SECONDS)

    def posts_from(self, post_id: int) -> dict[int, list[Any]]:
        """id -> [seq, status, html] of what it holds."""
        posts = self._thread.posts if self._thread else {}
        return {
            pk: [post["seq"], post["status"], post["html"]] for pk, post in posts.items() if pk >= post_id
        }

    def forget(self, below_id: int) -> None:
        """Lets older posts go: a run is longer than anybody's visit."""
        if self._thread is not None:
            self._thread.posts = {pk: post for pk, post in self._thread.posts.items() if pk >= below_id}

    # --- AwaitedRequests --------------------------------------------------------------------------------

    async def events(self, after: int) -> Run:
        return Run.of(await self._get("events", f"{self._thread_path}events/?after={after}"))

    async def head(self) -> Cursor:
        return _cursor(await self._get("head", f"{self._thread_path}head/"))

    async def snapshot(self) -> Cursor:
        content = await self._get("snapshot", f"{self._thread_path}?sort=newest")
        self._thread = ThreadState(content)
        cursor = _cursor(content)
        self.track.take_snapshot(cursor)
        return cursor

    async def addresses(self) -> str:
        return (await self._bootstrap())[0]

    # --- LiveListener -----------------------------------------------------------------------------------

    def event(self, event: Event) -> None:
        assert self._thread is not None
        self._thread.apply(event)
        self.track.take_event(event["seq"])

    def totals(self, totals: Totals) -> None:
        assert self._thread is not None
        self._thread.apply_totals(totals)

    def readers(self, count: int) -> None:
        pass

    def typing(self, count: int) -> None:
        pass

    def state(self, state: LiveState) -> None:
        self.live_state = state
        if state == "live":
            self._is_open.set()

    async def _bootstrap(self) -> tuple[str, dict[str, Any]]:
        """The live address and the site's settings."""
        query = urlencode({"page_id": self._order.page_id, "url": self._order.url})
        content = await self._get("bootstrap", f"/api/v1/sites/{self._order.site}/thread/?{query}")
        self.track.key = content["key"]
        return self._routed(content["live"]["ws"]), content["settings"]

    @property
    def _thread_path(self) -> str:
        return f"/api/v1/threads/{self.track.key}/"

    async def _get(self, kind: str, path: str) -> Any:
        answer = await self._network.get(path)
        self._record.requested(kind, answer.x_cache)
        if answer.status != 200:
            raise RequestFailed(answer.status)
        return answer.content

    def _routed(self, address: str) -> str:
        if self._order.via == "push":
            return address
        if self._order.via == "front":
            return f"ws://{urlsplit(self._network.base_url).netloc}/live/{self.track.key}"
        return urlsplit(address)._replace(netloc=self._order.via).geturl()


def _cursor(content: Any) -> Cursor:
    return Cursor(content["epoch"], content["seq"])
