"""The frame takes over what its popup has finished: its session begins in its own cookie partition."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from comments.identity.members import member_by_profile
from comments.rest.serializers import validated
from comments.rest.throttles import check_rate
from comments.signin import serializers
from comments.signin.api import HEADER, PROBLEMS
from comments.signin.handoffs import redeem
from comments.signin.serializers_popup import EmailProofSerializer, HandoffSerializer
from comments.signin.views import SignInView, guest_on, signed_in
from comments.signin.ways import require_way
from comments.sites.services import get_site

HANDOFF = HandoffSerializer()


class HandoffsView(SignInView):
    @extend_schema(
        operation_id="take_handoff",
        parameters=[HEADER],
        request=HandoffSerializer,
        responses={200: serializers.SessionSerializer, 409: EmailProofSerializer, **PROBLEMS},
    )
    def post(self, request: Request, site: str) -> Response:
        """Signs in who came back from the popup: with the verifier, and the code or the digits."""
        said = validated(HANDOFF, request.data)
        found = get_site(site)
        guest = guest_on(request, found)  # before the handoff is used up: it refuses who is signed out
        check_rate("digits" if "digits" in said else "handoff", request._request)
        profile = redeem(
            found,
            said["verifier"],
            code=said.get("code", ""),
            digits=said.get("digits", ""),
            now=timezone.now(),
        )
        require_way(found, profile.provider)
        author, _ = member_by_profile(found, profile, guest=guest)
        return signed_in(request, found, author, provider=profile.provider)
