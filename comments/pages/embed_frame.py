"""The document inside the iframe: Kibitz's own origin, a strict policy, and what the app needs to start."""

import re
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.gzip import gzip_page

from comments.errors import Invalid, KibitzError
from comments.pages.assets import app_url, asset
from comments.pages.script_json import script_json
from comments.sites.services import get_site
from comments.threads.bootstrap import bootstrap, live_origins
from comments.threads.services import Page

THEMES: Final = {"light", "dark", "auto"}
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@gzip_page
@xframe_options_exempt
def document(request: HttpRequest, site: str) -> HttpResponse:
    """The app's document. A page that may not embed it gets a framed sentence that says why."""
    asked = {name: request.GET.get(name, "").strip() for name in ("url", "page_id", "title")}
    try:
        found = get_site(site)
        if any("\x00" in value or len(value) > 2_000 for value in asked.values()):
            raise Invalid("The page's address or id is too long.")
        if not asked["page_id"] and not asked["url"]:
            raise Invalid("The snippet names no page: it needs url or page_id.")
        page = Page.named(page_id=asked["page_id"], url=asked["url"], title=asked["title"])
        boot = bootstrap(found, page, request)
    except KibitzError as error:
        return _refusal(request, error)
    start: dict[str, Any] = {
        **boot,
        "site": found.key,
        "page": {"site": found.key, "page_id": page.page_id, "url": page.url, "title": page.title},
        "origins": found.origins,
        "api": "/api/v1/",
    }
    context = {**_look(request), "boot": script_json(start), "app_url": app_url(), "name": found.name}
    response = render(request, "kibitz/embed_frame.html", context)
    response["Content-Security-Policy"] = _policy(
        connect=" ".join(["'self'", *live_origins(found, request)]),
        ancestors=" ".join(found.origins) or "'none'",
    )
    return _hardened(response)


def _refusal(request: HttpRequest, error: KibitzError) -> HttpResponse:
    response = render(
        request, "kibitz/embed_refused.html", {**_look(request), "detail": error.detail}, status=error.status
    )
    response["Content-Security-Policy"] = _policy(connect="'none'", ancestors="*")
    return _hardened(response)


def _look(request: HttpRequest) -> dict[str, Any]:
    theme, lang = request.GET.get("theme", ""), request.GET.get("lang", "")
    return {
        "theme": theme if theme in THEMES else "auto",
        "lang": lang if _LANGUAGE.fullmatch(lang) else "en",
        "css": mark_safe(asset("app.css").text),  # noqa: S308  our own build
    }


def _policy(*, connect: str, ancestors: str) -> str:
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            f"style-src {asset('app.css').csp_hash}",
            f"connect-src {connect}",
            "img-src 'self' data:",
            "base-uri 'none'",
            "form-action 'none'",
            f"frame-ancestors {ancestors}",
            "require-trusted-types-for 'script'",
            "trusted-types kibitz",
        ]
    )


def _hardened(response: HttpResponse) -> HttpResponse:
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Cross-Origin-Embedder-Policy"] = "require-corp"
    response["Referrer-Policy"] = "strict-origin-when-cross-origin"
    response["Cache-Control"] = "no-cache"
    response["X-Accel-Expires"] = "1"  # the front may keep it for a second; browsers never see this
    return response
