"""Who sends a request: an author by token, a moderator by Django's session."""

from django.contrib.auth.models import AnonymousUser
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from comments.errors import InvalidToken
from comments.identity.models import Author
from comments.identity.tokens import author_of


class AuthorTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`: `request.auth` is the Author."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Author] | None:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.isascii():
            raise InvalidToken()
        return AnonymousUser(), author_of(token.strip())

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class StaffSessionAuthentication(BaseAuthentication):
    """Moderators, logged in to the admin. No CSRF token: KibitzView's header does that work."""

    def authenticate(self, request: Request) -> tuple[object, None] | None:
        user = getattr(request._request, "user", None)
        return (user, None) if user is not None and user.is_active and user.is_staff else None


class AuthorTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = AuthorTokenAuthentication
    name = "authorToken"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "The token from the X-Kibitz-Token header of an earlier answer.",
        }


class StaffSessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = StaffSessionAuthentication
    name = "staffSession"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "A moderator's admin session.",
        }
