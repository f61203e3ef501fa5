"""The pages in the popup: small, in the reader's language, with a policy that runs no script but our file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from comments.sites.texts import direction, known_tag, language_of

_POLICY: Final = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    # Django's own would cut the popup from the frame that waits for it.
    "Cross-Origin-Opener-Policy": "unsafe-none",
    # Our own pages are told, or "Try again" would look like a comment's link, and Django would refuse our
    # form, which comes with `Origin: null` under no-referrer.
    "Referrer-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Errand:
    """What a popup was opened for. It lies in the popup's own session until somebody comes back for it."""

    provider: str
    site: str
    challenge: str
    lang: str
    adds: bool = False  # a way in to who is signed in, where the popup was opened

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def address(self) -> str:
        """Where it begins again."""
        told = {"site": self.site, "challenge": self.challenge, "lang": self.lang}
        if self.adds:
            told["add"] = "1"
        return f"/auth/{self.provider}/?{urlencode(told)}"


def errand_in(kept: object) -> Errand | None:
    """The errand that `to_json` wrote; None for anything else."""
    try:
        return Errand(**kept) if isinstance(kept, dict) else None
    except TypeError:
        return None


def tag_of(request: HttpRequest) -> str:
    """The language that the frame names, else the browser's first that is known here."""
    wished = request.headers.get("Accept-Language", "")[:200].split(",")
    for wish in (request.GET.get("lang", ""), *(each.partition(";")[0].strip() for each in wished)):
        tag = known_tag(wish)
        if language_of(tag) == language_of(wish):
            return tag
    return known_tag("")


@cache
def _catalogue(language: str) -> Mapping[str, str]:
    path = settings.BASE_DIR / "comments" / "signin" / "popup_texts" / f"{language}.json"
    found: Mapping[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found


def popup_text(tag: str, key: str, **values: str) -> str:
    text = _catalogue(language_of(tag))[key]
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def popup_page(request: HttpRequest, kind: str, tag: str, *, status: int = 200, **told: Any) -> HttpResponse:
    context = {"lang": tag, "direction": direction(tag), "text": _catalogue(language_of(tag)), **told}
    return hardened(render(request, f"kibitz/popup_{kind}.html", context, status=status))


def trouble_page(
    request: HttpRequest,
    key: str,
    *,
    status: int,
    errand: Errand | None = None,
    **values: str,
) -> HttpResponse:
    """What went wrong in words, with a way back where trying again may help."""
    tag = errand.lang if errand else tag_of(request)
    return popup_page(
        request,
        "trouble",
        tag,
        status=status,
        title=popup_text(tag, "trouble"),
        detail=popup_text(tag, key, **values),
        again=errand.address if errand else "",
    )


def hardened(response: HttpResponse) -> HttpResponse:
    for name, value in _HEADERS.items():
        response[name] = value
    return response
