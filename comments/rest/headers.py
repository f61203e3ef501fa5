"""What a request's headers say of where it comes from, and those that an answer adds."""

from typing import Final
from urllib.parse import urlsplit

from django.http import HttpRequest
from rest_framework.request import Request

SAFE_METHODS: Final = {"GET", "HEAD", "OPTIONS"}
TOKEN_HEADER: Final = "X-Kibitz-Token"  # noqa: S105  a header's name
RENEWED_TOKEN: Final = "kibitz.renewed_token"  # noqa: S105  where a request keeps what its answer brings


def foreign_origin(request: HttpRequest | Request) -> str:
    """The Origin header where it names another host than ours, else ''.

    Browsers send it with every unsafe request; the embed's own is the same origin as the API.
    """
    origin = request.headers.get("Origin", "")
    try:
        host = urlsplit(origin).netloc.lower()
    except ValueError:
        return origin
    return "" if not origin or host == request.get_host().lower() else origin
