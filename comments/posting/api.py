"""The writing calls. Each validates, finds out who asks, and calls one use-case."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from comments.events.queue_room import require_room
from comments.events.shapes import post_shape
from comments.identity.authentication import author_on
from comments.identity.models import Author
from comments.markup.render import render
from comments.posting import serializers, services, voting
from comments.posting.callers import (
    PROOF_HEADER,
    account_of,
    asked_post,
    claimed_author_id,
    idempotency_key,
    own_shape,
    refuse_foreign_origin,
    require_guest_details,
    require_rate,
    sender_of,
    with_token,
)
from comments.posting.typing import say_typing
from comments.rest.headers import TOKEN_HEADER
from comments.rest.serializers import NOT_NOW, TOO_FAST, ProblemSerializer, validated
from comments.rest.throttles import check_rate, check_reading
from comments.rest.views import KibitzView
from comments.sites.models import Site
from comments.sites.services import get_site, require_origin
from comments.threads.api import KEY_PARAMETER, queried, well_formed_key
from comments.threads.serializers import PostShapeSerializer
from comments.threads.services import Page

NEW_POST = serializers.NewPostSerializer()
BODY = serializers.BodySerializer()
VOTE = serializers.VoteSerializer()
FLAG = serializers.FlagSerializer()

GUEST_NAME = "Guest"

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


def _name_of(author: Author | None, given: str) -> str:
    """Under which name a comment appears; a member's is not typed beside it."""
    if author is not None and author.is_member:
        return author.name
    return given or (author.name if author else "") or GUEST_NAME


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
            name=_name_of(author, given["name"]),
            email=given["email"],
            badge=author.badge if author else "",
            parent_id=given.get("parent"),
            idempotency_key=idempotency_key(request),
            digest=serializers.digest_of(given),
        )
        post, is_new = services.posted_before(key, draft), False
        if post is None:
            require_room()
            require_rate("post", request, site, author)
            require_guest_details(request, site, author, draft)
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
