"""What a browser asks before it proves that it worked."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from comments.rest.serializers import TOO_FAST, ProblemSerializer
from comments.rest.throttles import check_rate
from comments.rest.views import KibitzView
from comments.screening.proof import make_challenge
from comments.screening.serializers import ChallengeSerializer
from comments.sites.services import get_site
from comments.threads.api import SITE_PARAMETER


class ChallengeView(KibitzView):
    authentication_classes = ()

    @extend_schema(
        operation_id="challenge",
        parameters=[SITE_PARAMETER],
        responses={
            200: ChallengeSerializer,
            **dict.fromkeys((404, 406, 503), ProblemSerializer),
            429: TOO_FAST,
        },
    )
    def get(self, request: Request, site: str) -> Response:
        """A challenge of altcha's kind (PBKDF2), good for one comment on this site within ten minutes. To be
        solved after `proof_required`; the solution goes into `X-Kibitz-Proof` of the same request."""
        found = get_site(site)
        check_rate("challenge", request._request)
        return Response(make_challenge(found, now=timezone.now()), headers={"Cache-Control": "no-store"})
