"""The base of every API view: who may send an unsafe request."""

from typing import Any

from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from comments.errors import HeaderMissing
from comments.rest.headers import RENEWED_TOKEN, SAFE_METHODS, TOKEN_HEADER


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

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """A session whose bearer token is old gets another with the answer to whatever it asked."""
        answer: Response = super().finalize_response(request, response, *args, **kwargs)
        if token := request.META.get(RENEWED_TOKEN):
            answer[TOKEN_HEADER] = token
            answer["Cache-Control"] = "no-store"
        return answer
