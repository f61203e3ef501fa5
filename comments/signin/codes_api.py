"""Signing in by a code that comes by e-mail and is typed in place."""

from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from comments.errors import WayOff
from comments.identity.members import NAME_MAX_CHARS, normal_email
from comments.identity.names import require_name
from comments.markup.plain import one_line
from comments.rest.serializers import StrictSerializer, validated
from comments.rest.throttles import check_reading
from comments.signin.api import HEADER, PROBLEMS
from comments.signin.codes import (
    EMAIL_MAX_CHARS,
    LIFETIME,
    RESEND_AFTER,
    Asked,
    code_on,
    is_address,
    prove,
    send_code,
    state_of,
)
from comments.signin.models import EmailCode
from comments.signin.serializers import SessionSerializer
from comments.signin.views import SignInView, guest_on, signed_in
from comments.signin.ways import sign_in_of
from comments.sites.models import Site
from comments.sites.services import get_site, origin_of
from comments.sites.texts import known_tag, language_of


class AddressSerializer(StrictSerializer):
    """Where a code shall go."""

    email = serializers.EmailField(max_length=EMAIL_MAX_CHARS)
    lang = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=35, help_text="The page's; `de-AT`, `ja`."
    )

    def validate_email(self, value: str) -> str:
        email = normal_email(value)
        if not is_address(email):
            raise serializers.ValidationError("Enter a valid email address.", code="invalid")
        return email


class AskCodeSerializer(AddressSerializer):
    """Where a code shall go."""

    name = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=NAME_MAX_CHARS,
        help_text="For an author who is new.",
    )

    def validate_name(self, value: str) -> str:
        return one_line(value)[:NAME_MAX_CHARS]  # composing may have made it longer


class TypedCodeSerializer(StrictSerializer):
    """The code, as it was typed."""

    code = serializers.CharField(max_length=20)


class SentCodeSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(
        help_text="To be kept by the browser that asked; the code is good with it alone."
    )
    expires_seconds = serializers.IntegerField()
    resend_seconds = serializers.IntegerField(help_text="Not to be asked for again before.")


class CodeStateSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(
        choices=["waiting", "sent", "failed"],
        help_text="Of the mail. `failed`: the mail server refuses it, or is away; ask again.",
    )


ASK, TYPED = AskCodeSerializer(), TypedCodeSerializer()


class CodesView(SignInView):
    @extend_schema(
        operation_id="ask_code",
        parameters=[HEADER],
        request=AskCodeSerializer,
        responses={202: SentCodeSerializer, **PROBLEMS},
    )
    def post(self, request: Request, site: str) -> Response:
        """Has a code sent, which ends the ones before it. The answer is the same whoever's the address is."""
        given = validated(ASK, request.data)
        found = get_site(site)
        if not sign_in_of(found).has_codes:
            raise WayOff()
        if given["name"]:
            require_name(found, given["name"])
        asked = Asked(
            email=given["email"],
            name=given["name"],
            language=language_of(known_tag(given["lang"])),
            page=page_of(request, found),
        )
        return sent(send_code(request._request, found, asked, now=timezone.now()))


class CodeView(SignInView):
    @extend_schema(operation_id="get_code", responses={200: CodeStateSerializer, **PROBLEMS})
    def get(self, request: Request, site: str, code_id: UUID) -> Response:
        """Whether the mail has left."""
        check_reading(request._request)
        return Response({"state": state_of(code_on(get_site(site), code_id), timezone.now())})

    @extend_schema(
        operation_id="prove_code",
        parameters=[HEADER],
        request=TypedCodeSerializer,
        responses={200: SessionSerializer, **PROBLEMS},
    )
    def post(self, request: Request, site: str, code_id: UUID) -> Response:
        """Signs in. `wrong_code` may be tried again, five times; after `code_expired` ask for another."""
        check_reading(request._request)  # with an id that is made up, too
        code = validated(TYPED, request.data)["code"]
        found = get_site(site)
        row = code_on(found, code_id)
        if row.identity is None and not sign_in_of(found).has_codes:
            raise WayOff()
        guest = guest_on(request, found)
        author = prove(request._request, row, code, guest=guest, now=timezone.now())
        return signed_in(request, found, author)


def sent(row: EmailCode) -> Response:
    return Response(
        {
            "id": str(row.pk),
            "expires_seconds": int(LIFETIME.total_seconds()),
            "resend_seconds": int(RESEND_AFTER.total_seconds()),
        },
        status=202,
    )


def page_of(request: Request, site: Site) -> str:
    """The host of the page whose frame asks, among those that the site has: for people, in the mail."""
    try:
        told = parse_qs(urlsplit(request.headers.get("Referer", "")).query, max_num_fields=20)
    except ValueError:
        told = {}
    origin = origin_of(told.get("url", [""])[0])
    shown = origin if origin in site.origins else next(iter(site.origins), "")
    return str(shown).partition("://")[2]
