"""Single sign-on: a token that the site signed for its reader, for a session here."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from comments.errors import WayOff
from comments.identity.models import Identity
from comments.rest.serializers import StrictSerializer, validated
from comments.rest.throttles import check_rate
from comments.signin.api import HEADER, PROBLEMS
from comments.signin.serializers import SessionSerializer
from comments.signin.sso import TOKEN_MAX_CHARS, claims_of
from comments.signin.sso_readers import author_of
from comments.signin.views import SignInView, signed_in
from comments.signin.ways import sign_in_of
from comments.sites.services import get_site


class SsoTokenSerializer(StrictSerializer):
    """What the site's own page handed to the frame; good for a few minutes, once."""

    token = serializers.CharField(max_length=TOKEN_MAX_CHARS)


TOKEN = SsoTokenSerializer()


class SsoView(SignInView):
    @extend_schema(
        operation_id="sign_in_by_sso",
        parameters=[HEADER],
        request=SsoTokenSerializer,
        responses={200: SessionSerializer, **PROBLEMS},
    )
    def post(self, request: Request, site: str) -> Response:
        """Signs in whom the site says it is. A banned author may sign in, and is told when they write."""
        token = validated(TOKEN, request.data)["token"]
        found = get_site(site)
        check_rate("signin", request._request)
        sign_in = sign_in_of(found)
        if not sign_in.sso_algorithm:
            raise WayOff()
        now = timezone.now()
        author = author_of(claims_of(token, found, sign_in, now=now), found, now=now)
        return signed_in(request, found, author, provider=Identity.SSO)
