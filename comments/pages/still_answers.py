"""Answers for who runs no script: the same bytes for everybody, asked again by ETag; refusals in words."""

from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import Any, Final, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import get_conditional_response
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe
from rest_framework.serializers import Serializer

from comments.errors import KibitzError
from comments.pages.style import PAGE_STYLE
from comments.rest.problems import problem_headers, translated
from comments.rest.throttles import check_reading
from comments.sites.models import Site
from comments.sites.texts import direction, known_tag, page_texts

View = Callable[..., HttpResponse]
Refusal = Callable[[HttpRequest, KibitzError], HttpResponse]
ATOM: Final = "application/atom+xml; charset=utf-8"


def still(refusal: Refusal) -> Callable[[View], View]:
    """Makes a view one for reading alone, at a reader's rate, that refuses in its own format and zips."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                check_reading(request)
                return view(request, *args, **kwargs)
            except Exception as error:
                known = translated(error)
                if known is None:
                    raise
                response = refusal(request, known)
                response.status_code = known.status
                for name, value in problem_headers(known).items():
                    response[name] = value
                return _plain(response)

        return cast("View", require_safe(xframe_options_exempt(gzip_page(guarded))))

    return decorate


def kept(request: HttpRequest, response: HttpResponse, site: Site, *, mark: str = "") -> HttpResponse:
    """An answer that the front keeps for a second and that browsers ask for again.

    Its ETag is made of what it says: votes move a score or an order without a number, so `mark` (epoch and
    seq, for people who look) would not be enough. A 304 where the reader has it already.
    """
    digest = sha256(response.content).hexdigest()[:20]
    response["ETag"] = f'W/"{mark}{"-" if mark else ""}{digest}"'  # weak: zipped or not
    response["Cache-Control"] = "no-cache"
    response["X-Accel-Expires"] = "1"
    if not site.is_indexed:
        response["X-Robots-Tag"] = "noindex"
    _plain(response, ancestors=" ".join(site.origins) or "'none'")
    return get_conditional_response(request, etag=response["ETag"], response=response) or response


def shown_in(request: HttpRequest, site: Site | None = None) -> dict[str, Any]:
    """What every page's template needs: the language that was asked for, its texts, and the style."""
    tag = known_tag(request.GET.get("lang", ""))
    texts = page_texts(tag, site.texts if site else {})
    return {"lang": tag, "dir": direction(tag), "text": texts, "css": PAGE_STYLE.text}


def refused_page(request: HttpRequest, error: KibitzError) -> HttpResponse:
    return render(request, "kibitz/still_refused.html", {**shown_in(request), "detail": sentence(error)})


def refused_words(request: HttpRequest, error: KibitzError) -> HttpResponse:
    """For programs that include a fragment or read a feed: nothing that they could take for one."""
    return HttpResponse(sentence(error) + "\n", content_type="text/plain; charset=utf-8")


def sentence(error: KibitzError) -> str:
    fields = "; ".join(f"{name}: {' '.join(messages)}" for name, messages in error.fields.items())
    return f"{error.detail} ({fields})" if fields else error.detail


def queried(request: HttpRequest, shape: type[Serializer[Any]], *names: str) -> dict[str, Any]:
    """The query's values that the view knows; raises ValidationError."""
    query = shape(data={name: request.GET[name] for name in names if name in request.GET})
    query.is_valid(raise_exception=True)
    found: dict[str, Any] = query.validated_data
    return found


def _plain(response: HttpResponse, ancestors: str = "'none'") -> HttpResponse:
    """Nothing in it may run, load or send."""
    response["Content-Security-Policy"] = (
        f"default-src 'none'; style-src {PAGE_STYLE.csp_hash}; img-src 'self' data:; "
        f"base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
    )
    response["X-Content-Type-Options"] = "nosniff"
    return response
