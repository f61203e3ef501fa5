"""A way in that asks for no proof, for tests of what comes after one: the session is as any sign-in makes it.

With its cookie comes another, as trackers set them. That is the control: a browser that gives it back in a
frame does not keep third parties' cookies apart.
"""

from collections import deque
from typing import Any, Final

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from comments.identity.members import member_by_email
from comments.rest.serializers import StrictSerializer, validated
from comments.signin.views import SignInView, signed_in
from comments.sites.services import get_site

CONTROL: Final = "control"


class DoorSerializer(StrictSerializer):
    email = serializers.EmailField()
    name = serializers.CharField()


class DoorView(SignInView):
    _knocks: Final[deque[tuple[str, list[str]]]] = deque(maxlen=10)  # one process serves all of a `./run`

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Remembers who came from where with which cookies, before anybody is refused."""
        self._knocks.append((request.headers.get("Sec-Fetch-Site", ""), sorted(request.COOKIES)))
        super().initial(request, *args, **kwargs)

    def get(self, request: Request, site: str) -> Response:
        """What browsers said of the last requests, this one at the end: Sec-Fetch-Site, names of cookies."""
        return Response(list(self._knocks))

    def post(self, request: Request, site: str) -> Response:
        said: dict[str, Any] = validated(DoorSerializer(), request.data)
        found = get_site(site)
        author, _ = member_by_email(found, said["email"], name=said["name"])
        response = signed_in(request, found, author)
        response.set_cookie(CONTROL, "1", secure=True, httponly=True, samesite="None")
        return response
