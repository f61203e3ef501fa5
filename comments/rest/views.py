"""The base of every API view: who may send an unsafe request."""

from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from comments.errors import HeaderMissing

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class KibitzView(APIView):
    """Refuses unsafe requests without `X-Kibitz: 1`.

    A cross-site form cannot set that header and a cross-site script cannot either without a CORS answer,
    which this API never gives. That is the whole CSRF defence, so it holds for cookies and tokens alike.
    """

    permission_classes = (
        AllowAny,
    )  # what a token opens is decided post by post; the schema says that it may be absent

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[BaseRenderer, str]:
        """JSON at once for whoever takes it: to weigh all that a client names took a twentieth of a post."""
        accept = request.headers.get("Accept", "*/*")
        if "*/*" in accept or "application/json" in accept:
            renderer = self.get_renderers()[0]
            return renderer, str(renderer.media_type)
        negotiated: tuple[BaseRenderer, str] = super().perform_content_negotiation(request, force)
        return negotiated

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        is_unsafe = request.method in self.allowed_methods and request.method not in SAFE_METHODS
        if is_unsafe and request.headers.get("X-Kibitz") != "1":
            raise HeaderMissing()


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
