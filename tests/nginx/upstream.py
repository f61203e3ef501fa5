"""An API server that a test holds in its hand: what it answers, how long it takes, whether it is there."""

import socketserver
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any


@dataclass(slots=True)
class Reply:
    body: bytes = b"{}"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Upstream:
    """Listens on a Unix socket that every user may connect to, as the API server does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.reply = Reply()
        self.requests: list[tuple[str, str, dict[str, str]]] = []  # method, target, headers in lower case
        self.may_answer = threading.Event()
        self.may_answer.set()
        self._server: _Server | None = None
        self.start()

    def start(self) -> None:
        self._server = _Server(str(self.path), _Handler)
        self._server.upstream = self
        self.path.chmod(0o777)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Away, as while it restarts: its socket refuses."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
            self.path.unlink(missing_ok=True)


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 128
    upstream: Upstream

    def handle_error(self, *_: Any) -> None:
        pass  # nginx left before its answer, as at the end of a test


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        upstream = self.server.upstream
        headers = {name.lower(): value for name, value in self.headers.items()}
        upstream.requests.append((self.command, self.path, headers))
        self.rfile.read(int(headers.get("content-length", 0)))
        reply = upstream.reply
        upstream.may_answer.wait(10)
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    do_POST = do_PUT = do_GET  # noqa: N815  the base class's names

    def log_message(self, *_: Any) -> None:
        pass
