"""What an embed needs to know of its page before it shows anything."""

from typing import Final, TypedDict
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from comments.events.shapes import ThreadShape, thread_shape
from comments.sites.models import Site
from comments.sites.services import require_origin
from comments.threads.models import Thread
from comments.threads.page import thread_key
from comments.threads.services import Page, first_epoch

BODY_MAX_CHARS: Final = 10_000
RECONNECT_SPREAD_SECONDS: Final = 10  # over which readers come back after a shutdown


class Live(TypedDict):
    ws: str
    sse: str
    poll: str


class Settings(TypedDict):
    guests_may_post: bool
    moderation: str
    votes: bool
    presence: bool
    edit_window_seconds: int
    body_max_chars: int
    realtime: str
    reconnect_spread_seconds: int


class Bootstrap(TypedDict):
    key: str
    epoch: str
    seq: int
    thread: ThreadShape
    live: Live
    settings: Settings


def bootstrap(site: Site, page: Page, request: HttpRequest) -> Bootstrap:
    """Resolves a page without creating anything. Raises OriginNotAllowed for a URL outside the site."""
    if page.url:
        require_origin(site, page.url)
    key = thread_key(site.key, page.page_id)
    thread = Thread.objects.filter(key=key).first() or Thread(
        key=key, url=page.url, title=page.title, epoch=first_epoch(key)
    )
    return {
        "key": key,
        "epoch": thread.epoch,
        "seq": thread.seq,
        "thread": thread_shape(thread),
        "live": live_addresses(key, request),
        "settings": {
            "guests_may_post": site.guests_may_post,
            "moderation": site.moderation,
            "votes": site.has_votes,
            "presence": site.has_presence,
            "edit_window_seconds": site.edit_window_seconds,
            "body_max_chars": BODY_MAX_CHARS,
            "realtime": site.realtime,
            "reconnect_spread_seconds": RECONNECT_SPREAD_SECONDS,
        },
    }


def public_base(request: HttpRequest) -> str:
    """Kibitz's own address as browsers see it, without a trailing slash."""
    return str(settings.PUBLIC_URL) or f"{request.scheme}://{request.get_host()}"


def live_addresses(key: str, request: HttpRequest) -> Live:
    """One protocol on three carriers; the WebSocket's scheme follows the page's."""
    base = public_base(request)
    host = urlsplit(base).netloc
    ws_scheme = "wss" if base.startswith("https:") else "ws"
    return {
        "ws": f"{ws_scheme}://{host}/live/{key}",
        "sse": f"{base}/live/{key}",
        "poll": f"{base}/api/v1/threads/{key}/events/",
    }
