"""The writing calls. Each validates, finds out who asks, and calls one use-case."""

from collections.abc import Mapping
from ipaddress import ip_address
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from comments.errors import Banned, Invalid, InvalidToken, OriginNotAllowed
from comments.events.queue_room import require_room
from comments.events.shapes import PostShape, own_post_shape, post_shape
from comments.identity.models import Author
from comments.identity.tokens import issue_token, signed_ids
from comments.markup.render import render
from comments.posting import serializers, services, voting
from comments.posting.screening import Sender
from comments.posting.typing import say_typing
from comments.rest.serializers import NOT_NOW, TOO_FAST, ProblemSerializer
from comments.rest.throttles import check_rate, check_reading, client_address
from comments.rest.views import KibitzView, foreign_origin
from comments.sites.models import Site
from comments.sites.roles import MODERATE, may, sites_of
from comments.sites.services import get_site, origin_of, require_origin
from comments.threads.api import KEY_PARAMETER, queried, well_formed_key
from comments.threads.models import Post
from comments.threads.serializers import PostShapeSerializer
from comments.threads.services import Page

NEW_POST = serializers.NewPostSerializer()
BODY = serializers.BodySerializer()
VOTE = serializers.VoteSerializer()
FLAG = serializers.FlagSerializer()

GUEST_NAME = "Guest"
USER_AGENT_MAX_CHARS = 500
PROOF_HEADER = "X-Kibitz-Proof"
TOKEN_HEADER = "X-Kibitz-Token"  # noqa: S105  a header's name

_HEADER = OpenApiParameter("X-Kibitz", str, OpenApiParameter.HEADER, required=True, enum=["1"])
IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key", UUID, OpenApiParameter.HEADER, description="The same key returns the same post."
)
_PROOF = OpenApiParameter(
    PROOF_HEADER,
    str,
    OpenApiParameter.HEADER,
    description="The solution of a challenge of this site (`GET sites/{site}/challenge/`), in base64; wanted "
    "where the answer was `proof_required`.",
)
_TOKEN = OpenApiParameter(
    TOKEN_HEADER,
    str,
    OpenApiParameter.HEADER,
    response=[200, 201, 204],
    description="The author's token, to send as `Authorization: Bearer` from now on.",
)
_PROBLEMS = {
    **dict.fromkeys((400, 401, 403, 404, 406, 409, 413, 415), ProblemSerializer),
    429: TOO_FAST,
    503: NOT_NOW,
}


class PostsView(KibitzView):
    @extend_schema(
        operation_id="create_post",
        parameters=[KEY_PARAMETER, _HEADER, IDEMPOTENCY, _PROOF, _TOKEN],
        request=serializers.NewPostSerializer,
        responses={
            201: PostShapeSerializer,
            200: OpenApiResponse(PostShapeSerializer, "The post that an earlier request with this key made."),
            422: ProblemSerializer,
            **_PROBLEMS,
        },
    )
    def post(self, request: Request, key: str) -> Response:
        """Posts a comment or a reply."""
        well_formed_key(key)
        given = validated(NEW_POST, request.data)
        site = get_site(given["page"]["site"])
        author = author_on(request, site)
        refuse_foreign_origin(request, site)
        require_origin(site, given["page"]["url"])
        page = Page.named(
            page_id=given["page"]["page_id"] or "", url=given["page"]["url"], title=given["page"]["title"]
        )
        draft = services.Draft(
            body=given["body"],
            name=given["name"] or (author.name if author else "") or GUEST_NAME,
            email=given["email"],
            parent_id=given.get("parent"),
            idempotency_key=idempotency_key(request),
            digest=serializers.digest_of(given),
        )
        post, is_new = services.posted_before(key, draft), False
        if post is None:
            require_room()
            require_rate("post", request, site, author)
            post, is_new = services.create_post(
                site, key, page, draft, author=author, now=timezone.now(), sender=sender_of(request, given)
            )
        return with_token(Response(own_shape(post), status=201 if is_new else 200), post.author)


class PostView(KibitzView):
    @extend_schema(
        operation_id="get_post",
        responses={
            200: PostShapeSerializer,
            **dict.fromkeys((401, 404, 406, 503), ProblemSerializer),
            429: TOO_FAST,
        },
    )
    def get(self, request: Request, post_id: int) -> Response:
        """One post; with its Markdown source for its author and moderators."""
        check_reading(request._request)
        post, author, is_moderator = asked_post(request, post_id)
        is_own = is_moderator or (author is not None and author.pk == post.author_id)
        return Response(
            own_shape(post) if is_own else post_shape(post), headers={"Cache-Control": "no-store"}
        )

    @extend_schema(
        operation_id="edit_post",
        parameters=[_HEADER],
        request=serializers.BodySerializer,
        responses={200: PostShapeSerializer, **_PROBLEMS},
    )
    def patch(self, request: Request, post_id: int) -> Response:
        """Replaces a post's text."""
        given = validated(BODY, request.data)
        post, author, is_moderator = asked_post(request, post_id, scope="edit", may_wait=True)
        edited = services.edit_post(
            post,
            given["body"],
            author=author,
            is_moderator=is_moderator,
            now=timezone.now(),
            sender=sender_of(request),
            by=account_of(request),
        )
        return Response(own_shape(edited))

    @extend_schema(operation_id="delete_post", parameters=[_HEADER], responses={204: None, **_PROBLEMS})
    def delete(self, request: Request, post_id: int) -> Response:
        """Removes a post; a stub stays in its place."""
        post, author, is_moderator = asked_post(request, post_id, scope="edit")
        services.delete_post(
            post, author=author, is_moderator=is_moderator, now=timezone.now(), by=account_of(request)
        )
        return Response(status=204)


class VoteView(KibitzView):
    @extend_schema(
        operation_id="vote",
        parameters=[_HEADER, _TOKEN],
        request=serializers.VoteSerializer,
        responses={200: serializers.VoteResultSerializer, **_PROBLEMS},
    )
    def put(self, request: Request, post_id: int) -> Response:
        """Sets one's vote on a post; 0 takes it back."""
        value = validated(VOTE, request.data)["value"]
        post, author, _ = asked_post(request, post_id, scope="vote", may_wait=True)
        voting.require_published(post)
        with transaction.atomic():  # a vote that is refused leaves no author behind
            voter = author or Author.objects.create(site=post.thread.site)
            totals = voting.vote(post, value, author=voter)
        return with_token(Response({**totals, "value": value}), voter)


class FlagView(KibitzView):
    @extend_schema(
        operation_id="flag_post",
        parameters=[_HEADER, _TOKEN],
        request=serializers.FlagSerializer,
        responses={204: None, **_PROBLEMS},
    )
    def post(self, request: Request, post_id: int) -> Response:
        """Reports a post to the moderators."""
        reason = validated(FLAG, request.data)["reason"]
        post, author, _ = asked_post(request, post_id, scope="flag")
        voting.require_published(post)
        reporter = author or Author.objects.create(site=post.thread.site)
        voting.flag(post, reason, author=reporter, now=timezone.now())
        return with_token(Response(status=204), reporter)


class PreviewView(KibitzView):
    authentication_classes = ()

    @extend_schema(
        operation_id="preview",
        parameters=[_HEADER],
        request=serializers.BodySerializer,
        responses={200: serializers.HtmlSerializer, **_PROBLEMS},
    )
    def post(self, request: Request) -> Response:
        """The server's rendering of a draft."""
        check_rate("preview", request._request, author_id=claimed_author_id(request))
        return Response({"html": render(validated(BODY, request.data)["body"])})


class TypingView(KibitzView):
    authentication_classes = ()

    @extend_schema(
        operation_id="say_typing",
        parameters=[KEY_PARAMETER, _HEADER, serializers.TypingQuery],
        request=None,
        responses={204: None, **_PROBLEMS},
    )
    def post(self, request: Request, key: str) -> Response:
        """Says that a reader types, for the next 5 s: for who has no socket that takes it. Where the site
        shows no presence nobody is told."""
        well_formed_key(key)
        asked = queried(serializers.TypingQuery, request)
        site = get_site(asked["site"])
        refuse_foreign_origin(request, site)
        if site.has_presence and site.realtime == Site.Realtime.ON:
            require_rate("typing", request, site, None)
            say_typing(site.key, key, asked["by"])
        return Response(status=204)


def validated(serializer: "Serializer[Any]", data: Any) -> dict[str, Any]:
    """What the serializer makes of the data; raises ValidationError. One serializer serves all requests: it
    keeps nothing of what it validates, and copying its fields for each would take longer than the work."""
    return dict(serializer.run_validation(data))


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
    Raises UnknownPost, InvalidToken, OriginNotAllowed, QueueFull, Throttled."""
    author = request.auth if isinstance(request.auth, Author) else None
    post = voting.visible_post(post_id, author=author, moderated=sites_of(request.user, MODERATE))
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


def author_on(request: Request, site: Site) -> Author | None:
    """The author whose token came with the request; raises InvalidToken for one of another site."""
    author = request.auth
    if not isinstance(author, Author):
        return None
    if author.site_id != site.pk:
        raise InvalidToken("The token is of another site.")
    return author


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
    if author is not None:
        response[TOKEN_HEADER] = issue_token(author)
        response["Cache-Control"] = "no-store"
    return response
