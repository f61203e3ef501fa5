"""A site owner's web server, on an origin of its own, with Kibitz's snippet pasted into plain pages."""

import ssl
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import urlsplit

from comments.supervision.nginx import Tls
from tests.cast import Page
from tests.e2e.proxy import Proxy
from tests.running import Run

STRICT_POLICY: Final = (
    "default-src 'none'; img-src data:; style-src 'none'; script-src {kibitz}; frame-src {kibitz};"
    " connect-src {kibitz}; require-trusted-types-for 'script'; trusted-types 'none'"
)
ARTICLE: Final = "<p>" + "What the reader came for. " * 60 + "</p>\n"
HTML: Final = """<!doctype html>
<html lang="{lang}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
{style}<h1>{title}</h1>
{article}{snippet}
<p id="after">What comes after the comments.</p>
"""
STYLE: Final = """<style>
:root { color-scheme: light dark }
body { max-width: 44rem; margin: 1.5rem auto; padding-inline: 1rem; font: 1.0625rem/1.6 Georgia, serif }
</style>
"""


class HostSite:
    """Serves the pages that tests make, and nothing else."""

    def __init__(self, site: str, address: str, *, host: str = "", tls: Tls | None = None) -> None:
        """With a certificate it speaks https, under the host's name."""
        pages: dict[str, tuple[str, Mapping[str, str]]] = {}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                html, headers = pages.get(urlsplit(self.path).path, ("", {}))
                self.send_response(200 if html else 404)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(html.encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
                pass  # not on a test's output

        self.site = site
        self._pages = pages
        self._server = ThreadingHTTPServer((address, 0), Handler)
        self.origin = f"http{'s' if tls else ''}://{host or address}:{self._server.server_port}"
        if tls:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(tls.certificate, tls.key)
            # in the thread of the connection: who connects and says nothing must not keep the others out
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()

    def page(self, name: str, kibitz: str, *, is_strict: bool = False, paragraphs: int = 1) -> Page:
        """An article with its comments; `kibitz` is the address that the snippet names."""
        return self.pasted(
            name,
            f'<script async src="{kibitz}/embed.js" data-site="{self.site}" data-page-id="{name}"></script>',
            policy=STRICT_POLICY.format(kibitz=kibitz) if is_strict else "",
            paragraphs=paragraphs,
        )

    def pasted(
        self,
        name: str,
        snippet: str,
        *,
        policy: str = "",
        paragraphs: int = 1,
        lang: str = "en",
        headers: Mapping[str, str] | None = None,
    ) -> Page:
        """An article with whatever its owner pasted. A policy goes without the page's own style."""
        title = name.replace("_", " ").replace("-", " ")
        html = HTML.format(
            title=title,
            article=ARTICLE * paragraphs,
            snippet=snippet,
            style="" if policy else STYLE,
            lang=lang,
        )
        sent = {"Content-Security-Policy": policy} if policy else {}
        self._pages[f"/{name}/"] = html, {**sent, **(headers or {})}
        return Page(site=self.site, page_id=name, url=f"{self.origin}/{name}/", title=title)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def element(kibitz: Run | Proxy, page_id: str, more: str = "") -> str:
    """The snippet, with attributes of its own, on the site `blog`."""
    return (
        f'<script async src="{kibitz.url}/embed.js"></script>'
        f'<kibitz-comments site="blog" page-id="{page_id}" {more}></kibitz-comments>'
    )
