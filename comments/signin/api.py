"""The session of a frame: who is signed in there, and the end of it."""

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from comments.identity.sessions import bearer_for, drop_cookie, end, end_all
from comments.rest.headers import TOKEN_HEADER
from comments.rest.serializers import TOO_FAST, ProblemSerializer, validated
from comments.rest.throttles import check_rate, check_reading
from comments.signin import serializers
from comments.signin.views import SignInView, session_on, session_shape
from comments.sites.services import get_site
from comments.threads.api import queried

TICKET = serializers.TicketSerializer()

HEADER = OpenApiParameter("X-Kibitz", str, OpenApiParameter.HEADER, required=True, enum=["1"])
PROBLEMS = {**dict.fromkeys((400, 401, 403, 404, 406, 413, 415, 503), ProblemSerializer), 429: TOO_FAST}
_TOKEN = OpenApiParameter(
    TOKEN_HEADER,
    str,
    OpenApiParameter.HEADER,
    response=[200],
    description="The session's token, to send as `Authorization: Bearer` from now on.",
)


class SessionView(SignInView):
    @extend_schema(operation_id="get_session", responses={200: serializers.SessionSerializer, **PROBLEMS})
    def get(self, request: Request, site: str) -> Response:
        """Who is signed in, and the ways in."""
        check_reading(request._request)
        found = get_site(site)
        return Response(session_shape(found, session_on(request, found)))

    @extend_schema(
        operation_id="end_session",
        parameters=[HEADER, serializers.EndQuery],
        responses={204: None, **PROBLEMS},
    )
    def delete(self, request: Request, site: str) -> Response:
        """Signs out; who is not signed in is told the same."""
        asked, found = queried(serializers.EndQuery, request), get_site(site)
        session = session_on(request, found)
        if session is not None:
            if asked.get("everywhere"):
                end_all(session.author)
            else:
                end([session])
        response = Response(status=204)
        drop_cookie(response, found.key)
        return response


class BearerView(SignInView):
    authentication_classes = ()

    @extend_schema(
        operation_id="take_bearer",
        parameters=[HEADER, _TOKEN],
        request=serializers.TicketSerializer,
        responses={200: serializers.SessionSerializer, **PROBLEMS},
    )
    def post(self, request: Request, site: str) -> Response:
        """A token in place of the cookie, where the browser does not give that back."""
        ticket = validated(TICKET, request.data)["ticket"]
        found = get_site(site)
        check_rate("signin", request._request)
        session, token = bearer_for(ticket, found.pk, now=timezone.now())
        return Response(session_shape(found, session), headers={TOKEN_HEADER: token})
