"""The admin, with logins of accounts that have second factors."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from comments.accounts.pages import page
from comments.accounts.second_factor import lacks_second_factor
from comments.accounts.sessions import note_seen

_log_in = page("allauth.account.views.login")


class StaffSite(AdminSite):
    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and not lacks_second_factor(request)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def seen(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            note_seen(request)
            return inner(request, *args, **kwargs)

        return seen

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The page for logging in. Who is logged in gets where they wanted to go, or is led to set up the
        second factor that they lack."""
        if self.has_permission(request):
            wanted = request.GET.get("next", "")
            is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure())
            return redirect(wanted if is_ours else "admin:index")
        if super().has_permission(request):
            messages.warning(request, "Set up a second factor first: an authenticator app or a passkey.")
            return redirect("mfa_index")
        if request.user.is_authenticated:
            raise PermissionDenied
        return _log_in(request)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect("account_change_password")
