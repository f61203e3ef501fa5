"""What the sign-in calls share: they are for our own pages alone, and nobody keeps their answers."""

from typing import Any, TypedDict

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from comments.errors import OriginNotAllowed, SignedOut
from comments.identity.authentication import Callers, author_on
from comments.identity.models import Author, Session
from comments.identity.sessions import begin, end, set_cookie, ticket_for
from comments.rest.headers import foreign_origin
from comments.rest.views import KibitzView
from comments.signin.pictures import address_of
from comments.signin.ways import Ways, ways_of
from comments.sites.models import Site


class OwnAuthor(TypedDict):
    """The author as they see themselves."""

    key: str
    name: str
    avatar: str
    badge: str
    email: str
    provider: str  # how they came in: "" by e-mail, else an Identity's


class SessionShape(TypedDict):
    author: OwnAuthor | None
    ways: Ways
    ticket: str  # after a sign-in: see SessionView's bearer


class SignInView(KibitzView):
    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in {
            "same-origin",
            "none",
        } or foreign_origin(request):
            raise OriginNotAllowed("Sign-in is for Kibitz's own pages alone.")

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer["Cache-Control"] = "no-store"
        return answer


def guest_on(request: Request, site: Site) -> Author | None:
    """The guest who is about to become a member, with what they have written."""
    author = author_on(request, site)
    return author if author is not None and not author.is_member and not author.staff_id else None


def session_on(request: Request, site: Site) -> Session | None:
    """The member's session on this site that came with the request."""
    callers = request.auth
    if not isinstance(callers, Callers):
        return None
    return next((each for each in callers.sessions if each.author.site_id == site.pk), None)


def required_session(request: Request, site: Site) -> Session:
    """Raises SignedOut for who is not signed in on this site."""
    session = session_on(request, site)
    if session is None:
        raise SignedOut()
    return session


def signed_in(request: Request, site: Site, author: Author, *, provider: str = "") -> Response:
    """Begins a session and answers with it. One that this browser had on the site ends: what was planted
    there before is good for nothing after (session fixation)."""
    if (before := session_on(request, site)) is not None:
        end([before])
    session, secret = begin(author, provider=provider, now=timezone.now())
    response = Response(session_shape(site, session, ticket=ticket_for(session)))
    set_cookie(response, site.key, secret)
    return response


def session_shape(site: Site, session: Session | None, *, ticket: str = "") -> SessionShape:
    return {
        "author": own_author(session) if session else None,
        "ways": ways_of(site),
        "ticket": ticket,
    }


def own_author(session: Session) -> OwnAuthor:
    author = session.author
    return {
        "key": author.public_key,
        "name": author.name,
        "avatar": address_of(author),
        "badge": author.badge,
        "email": author.email if author.is_email_verified else "",
        "provider": session.provider,
    }
