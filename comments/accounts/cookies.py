"""Cookies of the admin go over https alone where the request came by https: the same Kibitz may also be
reached without, on its own machine."""

import re
from typing import Final

from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessions
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware as DjangoCsrf

_SESSION_KEY: Final = re.compile(r"[a-z0-9]{32}")


def _secure(request: HttpRequest, response: HttpResponseBase, name: str) -> None:
    if name in response.cookies and request.is_secure():
        response.cookies[name]["secure"] = True


class SessionMiddleware(DjangoSessions):
    def process_request(self, request: HttpRequest) -> None:
        """What is no session's key is asked for nowhere: PostgreSQL takes no null character, for one."""
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
        request.session = self.SessionStore(key if _SESSION_KEY.fullmatch(key) else None)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        answer = super().process_response(request, response)
        _secure(request, answer, settings.SESSION_COOKIE_NAME)
        return answer


class CsrfViewMiddleware(DjangoCsrf):
    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        answer = super().process_response(request, response)
        _secure(request, answer, settings.CSRF_COOKIE_NAME)
        return answer
