"""The frame takes over what its popup has finished: its session begins in its own cookie partition."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from comments.errors import EmailProofRequired
from comments.identity.members import Profile, member_by_profile, normal_email
from comments.rest.problems import problem
from comments.rest.serializers import validated
from comments.rest.throttles import check_rate
from comments.signin import serializers
from comments.signin.api import HEADER, PROBLEMS
from comments.signin.codes import Asked, is_address, send_code
from comments.signin.codes_api import page_of
from comments.signin.handoffs import redeem
from comments.signin.passkeys import keep
from comments.signin.pictures import want
from comments.signin.serializers_popup import EmailProofSerializer, HandoffSerializer
from comments.signin.views import SignInView, guest_on, signed_in
from comments.signin.ways import require_way
from comments.sites.models import Site
from comments.sites.services import get_site
from comments.sites.texts import known_tag, language_of

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
        try:
            author, _ = member_by_profile(found, profile, guest=guest)
        except EmailProofRequired as error:
            return _proof_wanted(request, found, profile, error, language_of(known_tag(said.get("lang", ""))))
        keep(profile)
        want(author, profile.avatar_url, source=profile.provider, now=timezone.now())
        return signed_in(request, found, author, provider=profile.provider)


def _proof_wanted(
    request: Request, site: Site, profile: Profile, error: EmailProofRequired, language: str
) -> Response:
    """The code's row keeps the way in, which joins when the address's owner types it."""
    email = normal_email(profile.email)
    if not is_address(email):
        raise error
    asked = Asked(
        email=email,
        name=profile.name,
        language=language,
        page=page_of(request, site),
        identity={"provider": profile.provider, "subject": profile.subject},
    )
    sent = send_code(request._request, site, asked, now=timezone.now())
    told = {"id": str(sent.pk), "email": masked(email)}
    return Response(problem(error) | {"email_code": told}, status=error.status)


def masked(email: str) -> str:
    """`ann@example.org` as `a…@example.org`."""
    return f"{email[:1]}…@{email.partition('@')[2]}"
