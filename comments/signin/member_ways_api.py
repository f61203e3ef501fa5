"""The calls by which a member sees their ways in, adds one, removes one, and says where codes shall go."""

from typing import Any, Final
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from comments.errors import SignedOut
from comments.identity.authentication import AUTHOR_HEADER
from comments.identity.models import Session
from comments.rest.serializers import ProblemSerializer, StrictSerializer, validated
from comments.rest.throttles import check_rate, check_reading
from comments.signin.api import HEADER, PROBLEMS
from comments.signin.codes import Asked, code_on
from comments.signin.codes_api import (
    TYPED,
    AddressSerializer,
    SentCodeSerializer,
    TypedCodeSerializer,
    page_of,
    sent,
)
from comments.signin.handoffs import redeem
from comments.signin.member_ways import (
    Tell,
    add_way,
    ask_email,
    begin_way,
    remove_way,
    set_email,
    teller,
    ways_of_member,
)
from comments.signin.serializers_popup import HandoffSerializer
from comments.signin.views import SignInView, required_session
from comments.signin.ways import require_way
from comments.sites.models import Site
from comments.sites.services import get_site
from comments.sites.texts import known_tag, language_of
from comments.threads.api import queried


class BeginWaySerializer(StrictSerializer):
    """What the popup is opened with."""

    challenge = serializers.RegexField(r"^[A-Za-z0-9_-]{43}\Z", max_length=43)


class LanguageQuery(serializers.Serializer[Any]):
    lang = serializers.CharField(
        max_length=35, required=False, help_text="The reader's language, for the mail that tells them."
    )


class OwnWaySerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    provider = serializers.CharField(help_text="`passkey`, `sso` or a provider's id.")
    name = serializers.CharField(help_text='The provider\'s; "" for what is none.')
    created = serializers.DateTimeField()
    is_removable = serializers.BooleanField(help_text="False for the site's own sign-in.")


class OwnWaysSerializer(serializers.Serializer[Any]):
    """A member's ways in. `is_fresh`: they signed in a moment ago, and may change them."""

    email = serializers.CharField(help_text='Proved, so that a code can go there; else "".')
    is_email_changeable = serializers.BooleanField(
        help_text="Here, with a fresh session. False where no codes are sent, or the site's sign-in says it."
    )
    is_fresh = serializers.BooleanField()
    ways = OwnWaySerializer(many=True)


BEGIN, HANDOFF, ADDRESS = BeginWaySerializer(), HandoffSerializer(), AddressSerializer()
AUTHOR: Final = OpenApiParameter(AUTHOR_HEADER, str, OpenApiParameter.HEADER, required=True)
ANSWERS: Final = {200: OwnWaysSerializer, 409: ProblemSerializer, **PROBLEMS}


class MemberWaysView(SignInView):
    @extend_schema(operation_id="list_ways", responses={200: OwnWaysSerializer, **PROBLEMS})
    def get(self, request: Request, site: str) -> Response:
        """By what the member can sign in."""
        check_reading(request._request)
        found = get_site(site)
        return _told(found, required_session(request, found))

    @extend_schema(
        operation_id="add_way", parameters=[HEADER, AUTHOR], request=HandoffSerializer, responses=ANSWERS
    )
    def post(self, request: Request, site: str) -> Response:
        """Adds what the popup brought, whose challenge this same session has begun with. `way_taken`: it is
        another member's, and nothing has changed."""
        said = validated(HANDOFF, request.data)
        found = get_site(site)
        session = _asking(request, found)
        check_rate("digits" if "digits" in said else "handoff", request._request, author_id=session.author_id)
        now = timezone.now()
        code, digits = said.get("code", ""), said.get("digits", "")
        profile = redeem(found, said["verifier"], code=code, digits=digits, session=session, now=now)
        require_way(found, profile.provider)
        add_way(session.author, profile, _teller(request, found, said.get("lang", "")))
        return _told(found, session)


class BeginWayView(SignInView):
    @extend_schema(
        operation_id="begin_way",
        parameters=[HEADER, AUTHOR],
        request=BeginWaySerializer,
        responses={204: None, **PROBLEMS},
    )
    def post(self, request: Request, site: str) -> Response:
        """What comes of the popup with this challenge will be added to this member's ways in."""
        challenge = validated(BEGIN, request.data)["challenge"]
        session = _asking(request, get_site(site))
        check_rate("handoff", request._request, author_id=session.author_id)
        begin_way(session, challenge, now=timezone.now())
        return Response(status=204)


class MemberWayView(SignInView):
    @extend_schema(
        operation_id="remove_way",
        parameters=[HEADER, AUTHOR, LanguageQuery],
        request=None,
        responses=ANSWERS,
    )
    def delete(self, request: Request, site: str, way_id: int) -> Response:
        """Signs out the other browsers that came in by it. `last_way`: there is no other one."""
        lang = queried(LanguageQuery, request).get("lang", "")
        found = get_site(site)
        session = _asking(request, found)
        check_rate("profile", request._request, author_id=session.author_id)
        remove_way(found, session, way_id, _teller(request, found, lang), now=timezone.now())
        return _told(found, session)


class WayEmailView(SignInView):
    @extend_schema(
        operation_id="ask_ways_email",
        parameters=[HEADER, AUTHOR],
        request=AddressSerializer,
        responses={202: SentCodeSerializer, **PROBLEMS},
    )
    def post(self, request: Request, site: str) -> Response:
        """Has a code sent to an address that the member wants for theirs, in the place of another; it ends
        the codes before it. The answer is the same whoever's the address is."""
        given = validated(ADDRESS, request.data)
        found = get_site(site)
        asked = Asked(
            email=given["email"],
            language=language_of(known_tag(given["lang"])),
            page=page_of(request, found),
            session=_asking(request, found),
        )
        return sent(ask_email(request._request, found, asked, now=timezone.now()))


class WayEmailCodeView(SignInView):
    @extend_schema(
        operation_id="prove_ways_email",
        parameters=[HEADER, AUTHOR],
        request=TypedCodeSerializer,
        responses=ANSWERS,
    )
    def post(self, request: Request, site: str, code_id: UUID) -> Response:
        """Makes the address the member's, where this same session asked for the code; the address before is
        told by mail. `way_taken`: it is another member's, and nothing has changed."""
        check_reading(request._request)  # with an id that is made up, too
        code = validated(TYPED, request.data)["code"]
        found = get_site(site)
        session, row = _asking(request, found), code_on(found, code_id)
        tell = _teller(request, found, row.mail.language if row.mail else "")
        set_email(request._request, found, session, row, code, tell, now=timezone.now())
        return _told(found, session)


def _asking(request: Request, site: Site) -> Session:
    """Raises SignedOut, also where the frame shows its reader somebody else, or does not say whom."""
    session = required_session(request, site)
    if request.headers.get(AUTHOR_HEADER) != session.author.public_key:
        raise SignedOut()
    return session


def _teller(request: Request, site: Site, lang: str) -> Tell:
    return teller(site, page_of(request, site), language_of(known_tag(lang)), now=timezone.now())


def _told(site: Site, session: Session) -> Response:
    return Response(OwnWaysSerializer(ways_of_member(site, session, now=timezone.now())).data)
