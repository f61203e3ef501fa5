"""Who sends a request: an author by token or by a session's cookie, a moderator by Django's session."""

import re
from dataclasses import dataclass
from typing import Final

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from comments.errors import InvalidToken, OriginNotAllowed, SignedOut
from comments.identity.models import Author, Session
from comments.identity.sessions import BEARER_PREFIX, COOKIE_PREFIX, by_bearer, by_cookies
from comments.identity.tokens import author_of
from comments.rest.headers import RENEWED_TOKEN, SAFE_METHODS, foreign_origin
from comments.sites.models import Site

AUTHOR_HEADER: Final = "X-Kibitz-Author"
COOKIES_MAX: Final = 20  # sites on one page
# In the header as it came: Django strips white space from names, Unicode's too, and with that before it
# browsers let a neighbouring host set what is no "__Host-" to them.
_COOKIE: Final = re.compile(rf"(?:^|; ?){COOKIE_PREFIX}[^=;]*=([^;]*)")


@dataclass(frozen=True, slots=True)
class Callers:
    """`request.auth`: who a token or cookies say is asking, at most one author of a site."""

    authors: tuple[Author, ...]
    sessions: tuple[Session, ...] = ()
    is_bearer: bool = False


def author_on(request: Request, site: Site) -> Author | None:
    """The author of this site who asks. Raises InvalidToken for a token of another site, and SignedOut where
    the request names as its author somebody who is not asking (any more)."""
    found = None
    if isinstance(request.auth, Callers):
        found = next((author for author in request.auth.authors if author.site_id == site.pk), None)
        if found is None and request.auth.is_bearer:
            raise InvalidToken("The token is of another site.")
    shown = request.headers.get(AUTHOR_HEADER)
    if shown and (found is None or found.public_key != shown):
        raise SignedOut()
    return found


def authors_asking(request: Request) -> tuple[Author, ...]:
    return request.auth.authors if isinstance(request.auth, Callers) else ()


class AuthorTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`: a guest's, or a session's where cookies do not come back."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Callers] | None:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        scheme, _, token = header.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token.isascii():
            raise InvalidToken()
        if not token.startswith(BEARER_PREFIX):
            return AnonymousUser(), Callers((author_of(token),), is_bearer=True)
        session, renewed = by_bearer(token, now=timezone.now())
        request._request.META[RENEWED_TOKEN] = renewed
        return AnonymousUser(), Callers((session.author,), (session,), is_bearer=True)

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class SessionCookieAuthentication(BaseAuthentication):
    """The cookies that a member's frame has. They count for requests of our own pages alone: a browser sends
    them along with whatever another page asks for, too."""

    def account(self, request: Request) -> object:
        """The account that asks as well: on Kibitz's own pages a moderator may be a member, too."""
        return AnonymousUser()

    def authenticate(self, request: Request) -> tuple[object, Callers] | None:
        cookies = _COOKIE.findall(request.META.get("HTTP_COOKIE", ""))
        if not cookies:
            return None
        if not _is_ours(request):
            if request.method in SAFE_METHODS:
                return None
            raise OriginNotAllowed("A session's cookie is good for requests of Kibitz's own pages alone.")
        sessions = tuple(by_cookies(cookies[:COOKIES_MAX], now=timezone.now()))
        if not sessions:
            return None
        return self.account(request), Callers(tuple(session.author for session in sessions), sessions)


def _is_ours(request: Request) -> bool:
    """Whether the browser says that a page of our own origin asks; one that says nothing is an old one."""
    fetched = request.headers.get("Sec-Fetch-Site")
    if fetched is not None:
        return fetched == "same-origin"
    return request.method in SAFE_METHODS or bool(
        request.headers.get("Origin") and not foreign_origin(request)
    )


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


class SessionCookieScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = SessionCookieAuthentication
    match_subclasses = True
    name = "memberSession"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": COOKIE_PREFIX + "{site}",
            "description": "A member's session, of our own pages alone.",
        }


class StaffSessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = StaffSessionAuthentication
    match_subclasses = True
    name = "staffSession"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "A moderator's admin session.",
        }
