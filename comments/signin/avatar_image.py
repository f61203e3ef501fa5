"""`/avatars/{public_key}`: a member's picture, or one that is drawn from the key."""

import colorsys
from hashlib import sha256
from typing import Final

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from comments.errors import KibitzError
from comments.rest.problems import translated
from comments.rest.throttles import check_reading
from comments.signin.models import Avatar

FRONT_SECONDS: Final = 60
_CELLS: Final = 5  # a side; mirrored
HEADERS: Final = {
    "Cache-Control": "public, max-age=3600",
    "X-Accel-Expires": str(FRONT_SECONDS),
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}


@require_safe
def image(request: HttpRequest, key: str) -> HttpResponseBase:
    """The same for a key that nobody has as for one without a picture: it tells nobody who is here."""
    try:
        check_reading(request)
        found = _kept(key)
    except (KibitzError, OperationalError, InterfaceError) as error:
        known = translated(error)
        status = known.status if known is not None else 503
        return HttpResponse(status=status, headers={"Cache-Control": "no-store", "Retry-After": "2"})
    if found is None:
        content, content_type, version = drawn(key).encode(), "image/svg+xml", "drawn-1"
    else:
        content, content_type, version = found[0], "image/webp", found[1]
    response = HttpResponse(content, content_type=content_type, headers=HEADERS)
    etag = f'"{version}"'
    response["ETag"] = etag
    return get_conditional_response(request, etag=etag, response=response) or response


def _kept(key: str) -> tuple[bytes, str] | None:
    """Image and version."""
    kept = Avatar.objects.filter(author__public_key=key, author__is_member=True)
    image, version = kept.values_list("image", "version").first() or (None, "")
    return None if image is None else (bytes(image), version)  # PostgreSQL's is a memoryview


def drawn(key: str) -> str:
    """A pattern of the key's own; of a middle brightness, to be seen on light and on dark."""
    digest = sha256(key.encode()).digest()
    color = _hex(digest[0] / 256, 0.45, 0.55)
    ink = _hex((digest[0] / 256 + 0.1 + digest[1] / 640) % 1, 0.92, 0.6)
    squares = "".join(
        f"M{column} {row}h1v1h-1z"
        for row in range(_CELLS)
        for column in range(_CELLS)
        if digest[2 + row * 3 + min(column, _CELLS - 1 - column)] & 1
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-1 -1 7 7" width="96" height="96" '
        f'shape-rendering="crispEdges"><path fill="{color}" d="M-1-1h7v7h-7z"/>'
        f'<path fill="{ink}" d="{squares}"/></svg>'
    )


def _hex(hue: float, lightness: float, saturation: float) -> str:
    return "#" + "".join(
        f"{round(part * 255):02x}" for part in colorsys.hls_to_rgb(hue, lightness, saturation)
    )
