"""What an embed needs to know of its page before it shows anything."""

import secrets
import time
from typing import Final, TypedDict

from django.conf import settings
from django.http import HttpRequest

from comments.cells import Cell, cell_of, push_cells, signed_path
from comments.events.shapes import ThreadShape, thread_shape
from comments.events.wire import COUNTS_KIND, counts_channel
from comments.sites.models import Site
from comments.sites.services import require_origin
from comments.threads.models import Thread
from comments.threads.page import thread_key
from comments.threads.services import Page, first_epoch

BODY_MAX_CHARS: Final = 10_000
RECONNECT_SPREAD_SECONDS: Final = 10  # over which readers come back after a shutdown
# How long a connection may be silent before its reader asks for the head, give or take half of it. Channels
# says something every 25 s; nginx nothing that scripts see, and a million idle readers must not ask often.
CHANNELS_SILENCE_SECONDS: Final = 60
PUSH_SILENCE_SECONDS: Final = 120


class Live(TypedDict):
    ws: str
    sse: str
    poll: str


class CountsLive(TypedDict):
    ws: str


class Settings(TypedDict):
    guests_may_post: bool
    moderation: str
    votes: bool
    presence: bool
    edit_window_seconds: int
    body_max_chars: int
    realtime: str
    reconnect_spread_seconds: int
    silence_seconds: int


class Bootstrap(TypedDict):
    key: str
    epoch: str
    seq: int
    thread: ThreadShape
    live: Live
    settings: Settings


def thread_on(site: Site, page: Page) -> Thread:
    """The page's thread; one that is not stored, nor will be by reading, where nobody has written yet. Raises
    OriginNotAllowed for a URL outside the site."""
    if page.url:
        require_origin(site, page.url)
    key = thread_key(site.key, page.page_id)
    return Thread.objects.filter(key=key).first() or Thread(
        key=key, url=page.url, title=page.title, epoch=first_epoch(key)
    )


def bootstrap(site: Site, thread: Thread, request: HttpRequest) -> Bootstrap:
    key = thread.key
    return {
        "key": key,
        "epoch": thread.epoch,
        "seq": thread.seq,
        "thread": thread_shape(thread),
        "live": live_addresses(site, key, request),
        "settings": {
            "guests_may_post": site.guests_may_post,
            "moderation": site.moderation,
            "votes": site.has_votes,
            "presence": site.has_presence,
            "edit_window_seconds": site.edit_window_seconds,
            "body_max_chars": BODY_MAX_CHARS,
            "realtime": site.realtime,
            "reconnect_spread_seconds": RECONNECT_SPREAD_SECONDS,
            "silence_seconds": PUSH_SILENCE_SECONDS if _cell(site) else CHANNELS_SILENCE_SECONDS,
        },
    }


def public_base(request: HttpRequest) -> str:
    """Kibitz's own address as browsers see it, without a trailing slash."""
    return str(settings.PUBLIC_URL) or f"{request.scheme}://{request.get_host()}"


def live_addresses(site: Site, key: str, request: HttpRequest) -> Live:
    """One protocol on three carriers. A site with push nodes gets one of them, another one each time, by an
    address that only Kibitz can make; the other sites get Channels' sockets on this host."""
    live = _live_address(site, key, request)
    return {
        "ws": _websocket(live),
        "sse": live,
        "poll": f"{public_base(request)}/api/v1/threads/{key}/events/",
    }


def counts_live(site: Site, request: HttpRequest) -> CountsLive | None:
    """Where the counts of all the site's threads are live, for pages of every origin; None where they are
    not."""
    if site.realtime != Site.Realtime.ON:
        return None
    return {"ws": _websocket(_live_address(site, counts_channel(site.key), request, kind=COUNTS_KIND))}


def live_origins(site: Site, request: HttpRequest) -> list[str]:
    """Every origin that live_addresses may name, for as long as a page stays open."""
    cell = _cell(site)
    bases = [public_base(request)] if cell is None else [node.public for node in cell.nodes]
    return [origin for base in bases for origin in (_websocket(base), base)]


def _live_address(site: Site, key: str, request: HttpRequest, *, kind: str = "") -> str:
    cell = _cell(site)
    if cell is None:
        return f"{public_base(request)}/live/{kind}{key}"
    path = signed_path(key, now=time.time(), secret=settings.PUSH_SECRET, kind=kind)
    return secrets.choice(cell.nodes).public + path


def _cell(site: Site) -> Cell | None:
    return cell_of(site.key, push_cells())


def _websocket(url: str) -> str:
    return "ws" + url.removeprefix("http")  # https becomes wss
