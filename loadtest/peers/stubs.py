"""What the servers of Waline, Artalk and Twikoo would answer with that thread: the same JSON, at once.

Their servers are not in PyPI or npm as something that starts by itself, so their pages are measured without
them: to their advantage, because an answer takes no time here.
"""

import json
import threading
from collections.abc import Callable
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

from loadtest.peers.install import ARTALK, TWIKOO
from loadtest.peers.thread import COMMENTS, Comment, comments, replies_to

WRITTEN_MS: Final = 1_790_000_000_000
AVATAR: Final = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
ROOTS: Final = [comment for comment in comments() if comment.parent is None]


class StubServer:
    """One server for all three, on a port of its own; a path's first part is the system's name."""

    def __init__(self) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                asked = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                name, _, rest = urlsplit(self.path).path.lstrip("/").partition("/")
                body = json.dumps(ANSWERS[name](f"/{rest}", asked)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815  the base class's name

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def waline(path: str, _asked: bytes) -> object:
    if path != "/api/comment":
        return {"errno": 0, "errmsg": "", "data": [{"time": 1}]}
    found = [_waline(root) | {"children": [_waline(c) for c in replies_to(root.number)]} for root in ROOTS]
    page = {"page": 1, "totalPages": 1, "pageSize": COMMENTS, "count": COMMENTS, "data": found}
    return {"errno": 0, "errmsg": "", "data": page}


def _waline(comment: Comment) -> dict[str, Any]:
    return {
        "objectId": str(comment.number),
        "nick": comment.author,
        "comment": _html(comment),
        "orig": comment.body,
        "avatar": AVATAR,
        "link": "",
        "like": 0,
        "browser": "Chrome",
        "os": "Linux",
        "status": "approved",
        "time": _time(comment),
        "user_id": None,
        **({"pid": str(comment.parent), "rid": str(comment.parent)} if comment.parent else {}),
    }


def artalk(path: str, _asked: bytes) -> object:
    if path == "/api/v2/conf":
        return {"frontend_conf": {"emoticons": False}, "version": {"app": "artalk", "version": ARTALK}}
    if path == "/api/v2/comments":
        ordered = [comment for root in ROOTS for comment in (root, *replies_to(root.number))]
        return {
            "comments": [_artalk(comment) for comment in ordered],
            "count": COMMENTS,
            "roots_count": len(ROOTS),
            "page": {"id": 1, "key": "/artalk.html", "title": "peers", "admin_only": False, "pv": 1},
        }
    return {"pv": 1, "notifies": [], "is_login": False, "data": {}}


def _artalk(comment: Comment) -> dict[str, Any]:
    return {
        "id": comment.number,
        "rid": comment.parent or 0,
        "content": comment.body,
        "content_marked": _html(comment),
        "user_id": 1,
        "nick": comment.author,
        "email_encrypted": "",
        "link": "",
        "ua": "Mozilla/5.0 (X11; Linux x86_64) Chrome/150.0",
        "date": "2026-09-21T14:13:20Z",
        "is_collapsed": False,
        "is_pending": False,
        "is_pinned": False,
        "is_allow_reply": True,
        "is_verified": False,
        "badge_name": "",
        "badge_color": "",
        "visible": True,
        "vote_up": 0,
        "vote_down": 0,
        "page_key": "/artalk.html",
        "page_url": "/artalk.html",
        "site_name": "peers",
    }


def twikoo(_path: str, asked: bytes) -> object:
    event = json.loads(asked or b"{}").get("event")
    if event == "GET_CONFIG":
        return {"code": 0, "config": {"VERSION": TWIKOO, "IS_ADMIN": False, "SHOW_EMOTION": "false"}}
    if event == "COMMENT_GET":
        data = [_twikoo(root) | {"replies": [_twikoo(c) for c in replies_to(root.number)]} for root in ROOTS]
        return {"code": 0, "data": data, "more": False, "count": COMMENTS}
    return {"code": 0, "version": TWIKOO, "data": {}, "time": 1}


def _twikoo(comment: Comment) -> dict[str, Any]:
    return {
        "id": str(comment.number),
        "nick": comment.author,
        "avatar": AVATAR,
        "mailMd5": "",
        "link": "",
        "comment": _html(comment),
        "os": "Linux",
        "browser": "Chrome 150",
        "ipRegion": "",
        "master": False,
        "like": 0,
        "liked": False,
        "replies": [],
        "rid": str(comment.parent or ""),
        "pid": str(comment.parent or ""),
        "ruser": None,
        "isSpam": False,
        "created": _time(comment),
        "updated": _time(comment),
    }


ANSWERS: Final[dict[str, Callable[[str, bytes], object]]] = {
    "waline": waline,
    "artalk": artalk,
    "twikoo": twikoo,
}


def _html(comment: Comment) -> str:
    return f"<p>{escape(comment.body)}</p>"


def _time(comment: Comment) -> int:
    return WRITTEN_MS + 1_000 * comment.number
