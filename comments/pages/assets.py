"""The embed's built files, read once and served with their content's hash in the address."""

import gzip
from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

FOREVER: Final = "public, max-age=31536000, immutable"
AN_HOUR: Final = "public, max-age=3600"
SCRIPTS: Final = {
    "account",
    "app",
    "keys",
    "linked",
    "live",
    "mute",
    "proof",
    "report",
    "signin",
    "sso",
    "ways",
    "who",
    "write",
}


@dataclass(frozen=True, slots=True)
class Asset:
    text: str
    content_type: str
    zipped: bytes
    version: str  # the first 10 hex digits of its SHA-256
    csp_hash: str  # 'sha256-…', for a Content-Security-Policy


@cache
def asset(name: str) -> Asset:
    """A built file of the embed: loader.js, what it adds, app.js, app.css, or what the app loads later."""
    text = (settings.BASE_DIR / "embed" / "static" / "embed" / name).read_text(encoding="utf-8")
    return Asset(
        text=text,
        content_type="text/css" if name.endswith(".css") else "text/javascript",
        zipped=gzip.compress(text.encode(), 9, mtime=0),
        version=sha256(text.encode()).hexdigest()[:10],
        csp_hash=csp_hash(text),
    )


def csp_hash(text: str) -> str:
    """What a Content-Security-Policy calls an inline style."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def loader(request: HttpRequest) -> HttpResponse:
    """`/embed.js`, for any page of any site; the address stays, so browsers ask again each hour."""
    return _served(request, asset("loader.js"), AN_HOUR)


def counts(request: HttpRequest) -> HttpResponse:
    """`/embed/counts.js`: what the loader adds on pages with a <kibitz-count>."""
    return _module(request, "counts.js")


def host_sso(request: HttpRequest) -> HttpResponse:
    """`/embed/host_sso.js`: what it adds on pages of sites with a sign-in of their own."""
    return _module(request, "host_sso.js")


def _module(request: HttpRequest, name: str) -> HttpResponse:
    """A file that another origin's page imports, which needs CORS for that."""
    response = _served(request, asset(name), AN_HOUR)
    response["Access-Control-Allow-Origin"] = "*"
    return response


def script(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """`/embed/app.<version>.js`, and by such an address each script that the app loads later. An older
    version's address answers 404: its document is older still, and is asked for again at the next visit or,
    by an app that misses what it wants to load, at once."""
    if name not in SCRIPTS or version != asset(f"{name}.js").version:
        raise Http404
    return _served(request, asset(f"{name}.js"), FOREVER)


def app_url() -> str:
    return script_url("app")


def script_url(name: str) -> str:
    """embed/build.mjs makes the same addresses for what the app loads later."""
    return f"/embed/{name}.{asset(f'{name}.js').version}.js"


def _served(request: HttpRequest, file: Asset, cache_control: str) -> HttpResponse:
    takes_gzip = "gzip" in request.headers.get("Accept-Encoding", "")
    response = HttpResponse(
        file.zipped if takes_gzip else file.text, content_type=f"{file.content_type}; charset=utf-8"
    )
    if takes_gzip:
        response["Content-Encoding"] = "gzip"
    response["Vary"] = "Accept-Encoding"
    response["Cache-Control"] = cache_control
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["X-Content-Type-Options"] = "nosniff"
    return response
