"""The document inside the iframe: Kibitz's own origin, a strict policy, and what the app needs to start."""

from collections.abc import Iterable
from typing import Any, Final, cast, get_args

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.gzip import gzip_page

from comments.errors import Invalid, KibitzError
from comments.pages.assets import app_url, asset, csp_hash
from comments.pages.first_posts import first_page
from comments.pages.script_json import script_json
from comments.pages.still_posts import Words
from comments.pages.still_thread import still_url
from comments.signin.ways import sign_in_of
from comments.sites.models import Site
from comments.sites.services import get_site
from comments.sites.texts import Texts, app_texts, direction, document_text, known_tag, page_texts
from comments.threads.bootstrap import Bootstrap, bootstrap, live_origins, thread_on
from comments.threads.models import Thread
from comments.threads.queries import Snapshot, Sort, page_of
from comments.threads.services import Page

THEMES: Final = {"light", "dark", "auto"}
SORTS: Final = get_args(Sort)


class Start(Bootstrap, Snapshot):
    """What the app starts with: the bootstrap and the first page, which are of one moment, and what the
    element's attributes ask for."""

    site: str
    page: dict[str, str]
    origins: list[str]
    api: str
    sort: Sort
    read_only: bool
    texts: Texts


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
        thread = thread_on(found, page)
    except KibitzError as error:
        return _refusal(request, error)
    look = _look(request, found)
    words = Words(look["lang"], page_texts(look["lang"], found.texts))
    start = _start(request, found, thread, page)
    first = first_page(start, start["settings"], page.url, words, is_read_only=start["read_only"])
    # Said where it is so, for every reader loads these bytes.
    accounts = {"sso": True} if sign_in_of(found).sso_algorithm else {}
    response = render(
        request,
        "kibitz/embed_frame.html",
        {
            **look,
            "title": document_text(look["lang"], "titleOn" if found.name else "title", found.name),
            "text": words.text,
            "sorts": [(each, words.text[each], each == start["sort"]) for each in SORTS],
            "first": first,
            "still_url": still_url(request, found, thread.key),
            "boot": script_json(
                start | {"posts": [post | {"html": ""} for post in start["posts"]]} | accounts
            ),
            "app_url": app_url(),
        },
    )
    response["Content-Security-Policy"] = _policy(
        styles=[style for style in (found.stylesheet, first.style) if style],
        connect=" ".join(["'self'", *live_origins(found, request)]),
        ancestors=" ".join(found.origins) or "'none'",
    )
    return _hardened(response)


def _start(request: HttpRequest, site: Site, thread: Thread, page: Page) -> Start:
    asked, is_read_only = request.GET.get("sort", ""), request.GET.get("read_only") == "1"
    sort = cast("Sort", asked) if asked in SORTS else "newest"
    boot = bootstrap(site, thread, request)
    if is_read_only:
        boot["settings"] |= {"guests_may_post": False, "votes": False}
    first = page_of(thread, sort=sort) if thread.pk else None
    return {
        **boot,
        "posts": first["posts"] if first else [],
        "next": first["next"] if first else None,
        "site": site.key,
        "page": {"site": site.key, "page_id": page.page_id, "url": page.url, "title": page.title},
        "origins": site.origins,
        "api": "/api/v1/",
        "sort": sort,
        "read_only": is_read_only,
        "texts": app_texts(_tag(request), site.texts),
    }


def _refusal(request: HttpRequest, error: KibitzError) -> HttpResponse:
    look = _look(request)
    told = {
        "detail": error.detail,
        "title": document_text(look["lang"], "title"),
        "refused": document_text(look["lang"], "refused"),
    }
    response = render(request, "kibitz/embed_refused.html", look | told, status=error.status)
    response["Content-Security-Policy"] = _policy(connect="'none'", ancestors="*")
    return _hardened(response)


def _tag(request: HttpRequest) -> str:
    return known_tag(request.GET.get("lang", ""))


def _look(request: HttpRequest, site: Site | None = None) -> dict[str, Any]:
    theme, tag = request.GET.get("theme", ""), _tag(request)
    return {
        "theme": theme if theme in THEMES else "auto",
        "lang": tag,
        "direction": direction(tag),
        "css": mark_safe(asset("app.css").text),  # noqa: S308  our own build
        "stylesheet": mark_safe(site.stylesheet if site else ""),  # noqa: S308  validate_stylesheet: no markup
    }


def _policy(*, connect: str, ancestors: str, styles: Iterable[str] = ()) -> str:
    allowed = " ".join([asset("app.css").csp_hash, *map(csp_hash, styles)])
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            f"style-src {allowed}",
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
