"""Serves allauth's pages: what its middleware does for every request, for these alone."""

from collections.abc import Callable
from typing import Any, Final

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers
from django.utils.module_loading import import_string

from comments.accounts.second_factor import has_second_factor
from comments.accounts.sessions import end_others, note_seen

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
Page = Callable[..., HttpResponse]


def page(view: str) -> Page:
    """The page with that dotted name. It is imported when somebody asks for it: the forms of passkeys bring
    fido2 and cryptography along, which no other request needs."""

    def shown(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        response = _answered(import_string(view), request, kwargs)
        # No other page learns this one's address: a link that resets a password is one.
        response["Referrer-Policy"] = "same-origin"
        response["Content-Security-Policy"] = POLICY
        add_never_cache_headers(response)
        return response

    return shown


def first_factor_page(view: str) -> Page:
    """A page that sets up a second factor. The first that an account has ends its other sessions: they began
    without."""
    inner = page(view)

    def shown(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        user = request.user
        had_none = isinstance(user, User) and request.method == "POST" and not has_second_factor(user)
        response = inner(request, **kwargs)
        if had_none and isinstance(user, User) and has_second_factor(user):
            end_others(request)
        return response

    return shown


def _answered(view: Page, request: HttpRequest, kwargs: dict[str, Any]) -> HttpResponse:
    from allauth.account.middleware import AccountMiddleware
    from allauth.core.exceptions import ImmediateHttpResponse, ReauthenticationRequired

    def answer(request: HttpRequest) -> HttpResponse:
        try:
            response = view(request, **kwargs)
            if hasattr(response, "render"):
                response.render()  # here, where allauth knows the request
        except (ImmediateHttpResponse, ReauthenticationRequired) as error:
            return middleware.process_exception(request, error)  # type: ignore[no-any-return]
        return response

    note_seen(request)
    middleware = AccountMiddleware(answer)
    response: HttpResponse = middleware(request)
    return response
