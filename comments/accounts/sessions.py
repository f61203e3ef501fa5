"""The sessions of staff: who is logged in, from where, when they were last seen, and the end of it."""

import time
from typing import Final

from allauth.usersessions.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from comments.accounts.adapter import address_of
from comments.accounts.browsers import browser_name

SEEN_EVERY_SECONDS: Final = 60.0  # a moderator's page asks several times a minute
REMEMBERED_MAX: Final = 10_000
_seen: dict[str, float] = {}


def note_seen(request: HttpRequest) -> None:
    """Writes down that the account's session is in use, once a minute of each process."""
    user = request.user
    key = request.session.session_key
    if not isinstance(user, User) or not key:
        return
    now = time.monotonic()
    if now < _seen.get(key, 0.0):
        return
    if len(_seen) >= REMEMBERED_MAX:
        _seen.clear()
    _seen[key] = now + SEEN_EVERY_SECONDS
    ours = UserSession.objects.filter(session_key=key)
    if not ours.update(last_seen_at=timezone.now(), ip=address_of(request)):
        UserSession.objects.create_from_request(request)


@require_http_methods(["GET", "POST"])
@login_required
def own_sessions(request: HttpRequest) -> HttpResponse:
    """An account's sessions; a POST ends one of them, or all others."""
    user = request.user
    sessions = UserSession.objects.purge_and_list(user)
    if request.method == "GET":
        sessions.sort(key=lambda session: session.last_seen_at, reverse=True)
        shown = [(session, browser_name(session.user_agent), session.is_current()) for session in sessions]
        return TemplateResponse(request, "accounts/sessions.html", {"sessions": shown})
    if "others" in request.POST:
        ended = [session for session in sessions if not session.is_current()]
    else:
        ended = [session for session in sessions if str(session.pk) == request.POST.get("end")]
    get_adapter().end_sessions(ended)
    if any(session.is_current() for session in ended):
        logout(request)
        return redirect("account_login")
    if ended:
        messages.success(request, f"Ended {len(ended)} session{'s' if len(ended) > 1 else ''}.")
    return redirect("usersessions_list")


def end_others(request: HttpRequest) -> None:
    """Ends all sessions of the account that asks, but the one that asks."""
    sessions = UserSession.objects.filter(user=request.user).exclude(session_key=request.session.session_key)
    get_adapter().end_sessions(sessions)


def end_all(user: User) -> None:
    get_adapter().end_sessions(UserSession.objects.filter(user=user))
