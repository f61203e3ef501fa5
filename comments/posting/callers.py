"""Who sends a writing call, and whether they may: what the calls share."""

from collections.abc import Mapping
from ipaddress import ip_address
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request
from rest_framework.response import Response

from comments.errors import Banned, Invalid, InvalidToken, OriginNotAllowed
from comments.events.queue_room import require_room
from comments.events.shapes import PostShape, own_post_shape
from comments.identity.authentication import author_on, authors_asking
from comments.identity.models import Author
from comments.identity.names import require_name
from comments.identity.tokens import issue_token, signed_ids
from comments.posting import voting
from comments.posting.screening import Sender
from comments.posting.services import Draft
from comments.rest.headers import TOKEN_HEADER, foreign_origin
from comments.rest.throttles import check_rate, client_address
from comments.sites.models import Site
from comments.sites.roles import MODERATE, may, sites_of
from comments.sites.services import origin_of
from comments.threads.models import Post

USER_AGENT_MAX_CHARS = 500
PROOF_HEADER = "X-Kibitz-Proof"


def own_shape(post: Post) -> PostShape:
    """The post as its author sees it: with the source it was made of."""
    return {**own_post_shape(post), "body": post.body}


def sender_of(request: Request, given: Mapping[str, Any] = MappingProxyType({})) -> Sender:
    """What is known of who sends, for the site's rules and moderators; `given` is what a form for a new post
    says of itself. The address is "" where the server in front tells none."""
    try:
        address = str(ip_address(client_address(request._request)))
    except ValueError:
        address = ""
    return Sender(
        address=address,
        user_agent=request.headers.get("User-Agent", "").replace("\x00", "")[:USER_AGENT_MAX_CHARS],
        trap=given.get("website", ""),
        seconds_open=given.get("seconds_open"),
        proof=request.headers.get(PROOF_HEADER, ""),
    )


def asked_post(
    request: Request, post_id: int, *, scope: str = "", may_wait: bool = False
) -> tuple[Post, Author | None, bool]:
    """The post that a call is about, the author who asks, and whether a moderator does; counts the call
    against `scope`'s rate. One that may wait is refused while the queue is full, unless a moderator asks.
    Raises UnknownPost, InvalidToken, SignedOut, OriginNotAllowed, QueueFull, Throttled."""
    moderated = sites_of(request.user, MODERATE)
    post = voting.visible_post(post_id, authors=authors_asking(request), moderated=moderated)
    is_moderator = may(request.user, MODERATE, post.site_id)
    author = author_on(request, post.thread.site)
    if scope:
        if author is not None and author.is_banned(timezone.now()) and not is_moderator:
            raise Banned()
        refuse_foreign_origin(request, post.thread.site)
        if may_wait and not is_moderator:
            require_room()
        require_rate(scope, request, post.thread.site, author)
    return post, author, is_moderator


def require_guest_details(request: Request, site: Site, author: Author | None, draft: Draft) -> None:
    """Raises Invalid for a guest under the name of somebody who looks after the site, and for one without the
    e-mail address that the site wants. An address that is typed proves nothing: it is kept for moderators."""
    if author is not None and (author.is_member or author.staff_id):
        return
    # Of the admin's own session: `request.user` is nobody where a guest's token came, too.
    require_name(site, draft.name, account=lambda: get_user(request._request))
    if site.guest_email == Site.GuestEmail.REQUIRED and not (draft.email or (author and author.email)):
        told = ErrorDetail("This site asks for an e-mail address. It is not shown.", code="required")
        raise Invalid(fields={"email": [told]})


def require_rate(scope: str, request: Request, site: Site, author: Author | None) -> None:
    """Counts the call with its address, its author and its site. Raises Throttled."""
    if site.is_unlimited:
        return
    totals = {
        "post": site.max_posts_per_minute,
        "vote": site.max_votes_per_minute,
        "flag": site.max_votes_per_minute,
    }
    check_rate(
        scope,
        request._request,
        author_id=author.pk if author else None,
        site_id=site.pk,
        site_per_minute=totals.get(scope, 0),
    )


def claimed_author_id(request: Request) -> int | None:
    """Whose token came with the request, without a look at the database."""
    _, _, token = request.headers.get("Authorization", "").partition(" ")
    try:
        return signed_ids(token.strip())[0]
    except InvalidToken:
        return None


def account_of(request: Request) -> User | None:
    """The account that asks, for the audit."""
    return request.user if isinstance(request.user, User) else None


def refuse_foreign_origin(request: Request, site: Site) -> None:
    """Raises OriginNotAllowed for a browser that comes from neither our own pages nor the site's."""
    origin = foreign_origin(request)
    if origin and origin_of(origin) not in site.origins:
        raise OriginNotAllowed()


def idempotency_key(request: Request) -> UUID | None:
    raw = request.headers.get("Idempotency-Key")
    try:
        return None if raw is None else UUID(raw)  # empty is how Granian hands on what is not ASCII
    except ValueError as error:
        raise Invalid(fields={"Idempotency-Key": ["Not a UUID."]}) from error


def with_token(response: Response, author: Author | None) -> Response:
    """A guest gets the token that brings them back; a member has a session."""
    if author is not None and not author.is_member:
        response[TOKEN_HEADER] = issue_token(author)
        response["Cache-Control"] = "no-store"
    return response
