"""Who asks the API with a session of the admin: staff that may use the admin."""

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from rest_framework.request import Request

from comments.accounts.second_factor import lacks_second_factor
from comments.accounts.sessions import note_seen
from comments.errors import SecondFactorMissing
from comments.identity.authentication import SessionCookieAuthentication, StaffSessionAuthentication


class StaffAuthentication(StaffSessionAuthentication):
    """Raises SecondFactorMissing where moderators alone may ask. Elsewhere who lacks one is nobody: they may
    read and comment like any guest."""

    def authenticate(self, request: Request) -> tuple[object, None] | None:
        found = super().authenticate(request)
        if found is None:
            return None
        asked: HttpRequest = request._request
        if lacks_second_factor(asked):
            if request.path.startswith("/api/v1/moderation/"):
                raise SecondFactorMissing()
            return None
        note_seen(asked)
        return found


class MemberAuthentication(SessionCookieAuthentication):
    """A member's cookies, and beside them the account that has a session of the admin."""

    def account(self, request: Request) -> object:
        staff = StaffAuthentication().authenticate(request)
        return AnonymousUser() if staff is None else staff[0]
