"""The calls by which members change their name and picture, and look at what they wrote."""

from collections.abc import Mapping
from typing import IO, Any, Final

from django.contrib.auth import get_user
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from comments.errors import Invalid, NotFound, TooLarge
from comments.identity.models import Author, Session
from comments.markup.plain import is_blank, one_line
from comments.rest.serializers import StrictSerializer, validated
from comments.rest.throttles import check_rate, check_reading
from comments.signin import pictures, profile
from comments.signin.api import HEADER, PROBLEMS, SessionView
from comments.signin.fetching import gravatar_of
from comments.signin.models import Avatar
from comments.signin.serializers import NAME_MAX_CHARS, SessionSerializer
from comments.signin.views import SignInView, required_session, session_shape
from comments.sites.models import Site
from comments.sites.services import get_site
from comments.threads.serializers import PostShapeSerializer


class NameSerializer(StrictSerializer):
    """How an author is called from now on. What they have written keeps the name that it has."""

    name = serializers.CharField(max_length=NAME_MAX_CHARS)

    def validate_name(self, value: str) -> str:
        if is_blank(value):
            raise serializers.ValidationError("This field may not be blank.", code="blank")
        return one_line(value)[:NAME_MAX_CHARS]  # composing may have made it longer


class PageOfPostSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    title = serializers.CharField()
    url = serializers.CharField()


class OwnPostSerializer(PostShapeSerializer):
    thread = PageOfPostSerializer()


class OwnPostsSerializer(serializers.Serializer[Any]):
    """The newest first; what waits for a moderator is `pending`. `next` is the cursor of the page after."""

    posts = OwnPostSerializer(many=True)
    next = serializers.CharField(allow_null=True)


NAME: Final = NameSerializer()
_CURSOR: Final = OpenApiParameter("cursor", str, description="`next` of the page before.")


class ProfileView(SessionView):
    @extend_schema(
        operation_id="rename_author",
        parameters=[HEADER],
        request=NameSerializer,
        responses={200: SessionSerializer, **PROBLEMS},
    )
    def patch(self, request: Request, site: str) -> Response:
        """Another name, on new posts; those that are there keep theirs."""
        name = validated(NAME, request.data)["name"]
        found, session = _asked(request, site, "profile")
        profile.rename(session.author, found, name, account=lambda: get_user(request._request))
        return Response(session_shape(found, session))


class OwnPostsView(SignInView):
    @extend_schema(
        operation_id="list_own_posts", parameters=[_CURSOR], responses={200: OwnPostsSerializer, **PROBLEMS}
    )
    def get(self, request: Request, site: str) -> Response:
        """What the member wrote on this site, as they see it themselves."""
        check_reading(request._request)
        session = required_session(request, get_site(site))
        return Response(profile.own_posts(session.author, request.query_params.get("cursor", "")))


class _PictureParser(BaseParser):
    """The raw bytes of an image, bounded. Raises TooLarge."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        raw = stream.read(pictures.MAX_BYTES + 1)
        if len(raw) > pictures.MAX_BYTES:
            raise TooLarge("A picture may have 2 MiB.")
        return raw


class JpegParser(_PictureParser):
    media_type = "image/jpeg"


class PngParser(_PictureParser):
    media_type = "image/png"


class WebpParser(_PictureParser):
    media_type = "image/webp"


class GifParser(_PictureParser):
    media_type = "image/gif"


PARSERS: Final = (JpegParser, PngParser, WebpParser, GifParser)


class AvatarView(SignInView):
    parser_classes = PARSERS

    @extend_schema(
        operation_id="set_avatar",
        parameters=[HEADER],
        request={parser.media_type: OpenApiTypes.BINARY for parser in PARSERS},
        responses={200: SessionSerializer, **PROBLEMS},
    )
    def put(self, request: Request, site: str) -> Response:
        """A picture of 2 MiB at most, from which a small square is made; nothing else of it is kept."""
        found, session = _asked(request, site, "picture")  # before anything is read
        sent: Any = request.data
        if not sent or not isinstance(sent, bytes):  # without a body it is no bytes at all
            raise Invalid("Send the bytes of a picture.")
        image = pictures.small_webp(sent)
        pictures.keep(session.author, image, source=Avatar.UPLOAD, now=timezone.now())
        return Response(session_shape(found, session))

    @extend_schema(
        operation_id="drop_avatar",
        parameters=[HEADER],
        request=None,
        responses={200: SessionSerializer, **PROBLEMS},
    )
    def delete(self, request: Request, site: str) -> Response:
        """Back to the drawn one, also where a provider has another."""
        found = get_site(site)
        session = required_session(request, found)
        check_rate("profile", request._request, author_id=session.author_id)
        pictures.take_away(session.author, now=timezone.now())
        return Response(session_shape(found, session))


class GravatarView(SignInView):
    @extend_schema(
        operation_id="take_gravatar",
        parameters=[HEADER],
        request=None,
        responses={200: SessionSerializer, **PROBLEMS},
    )
    def post(self, request: Request, site: str) -> Response:
        """The picture that Gravatar has for the member's proved e-mail address, fetched by this server."""
        found, session = _asked(request, site, "picture")
        author = session.author
        if not (author.is_email_verified and author.email):
            raise NotFound("You have no e-mail address here by which Gravatar could know you.")
        pictures.keep(author, gravatar_of(author.email), source=Avatar.GRAVATAR, now=timezone.now())
        return Response(session_shape(found, session))


def _asked(request: Request, site: str, scope: str) -> tuple[Site, Session]:
    """Who asks to change what readers see of them. Raises UnknownSite, SignedOut, Banned, Throttled."""
    found = get_site(site)
    session = required_session(request, found)
    author: Author = session.author
    profile.require_free(author, timezone.now())
    check_rate(scope, request._request, author_id=author.pk)
    return found, session
