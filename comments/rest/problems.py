"""Every failure becomes `{"code", "detail", "fields"}` with the fitting status; where fields are at fault,
`field_codes` says for programs what is wrong with them."""

import logging
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.defaults import bad_request, page_not_found, server_error
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from comments.errors import (
    Invalid,
    InvalidToken,
    KibitzError,
    NotFound,
    Refused,
    Throttled,
    TooLarge,
    Unavailable,
)

logger = logging.getLogger(__name__)


def problem(error: KibitzError) -> dict[str, Any]:
    """The public JSON of an error."""
    shown: dict[str, Any] = {
        "code": error.code,
        "detail": error.detail,
        "fields": {name: list(messages) for name, messages in error.fields.items()},
    }
    if error.fields:
        shown["field_codes"] = {
            name: [getattr(message, "code", None) or error.code for message in messages]
            for name, messages in error.fields.items()
        }
    return shown


def problem_headers(error: KibitzError) -> dict[str, str]:
    """Headers that go with an error: Retry-After where waiting helps, the scheme where a token does."""
    if isinstance(error, (Throttled, Unavailable)):
        return {"Retry-After": str(error.retry_after_seconds)}
    if isinstance(error, InvalidToken):
        return {"WWW-Authenticate": "Bearer"}
    return {}


def api_exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook; None lets an unforeseen error surface as a logged 500."""
    if isinstance(exc, exceptions.APIException) and not isinstance(exc, exceptions.ValidationError):
        set_rollback()
        code = "method_not_allowed" if isinstance(exc, exceptions.MethodNotAllowed) else str(exc.default_code)
        detail = str(exc.detail) if not isinstance(exc.detail, (list, dict)) else str(exc.default_detail)
        headers = {"Allow": ", ".join(context["view"].allowed_methods)} if exc.status_code == 405 else None
        return Response(
            {"code": code, "detail": detail, "fields": {}}, status=exc.status_code, headers=headers
        )
    error = translated(exc)
    if error is None:
        return None
    set_rollback()
    return Response(problem(error), status=error.status, headers=problem_headers(error))


def translated(exc: Exception) -> KibitzError | None:
    """What a foreign exception means to a caller; None where it is unforeseen."""
    match exc:
        case KibitzError():
            return exc
        case exceptions.ValidationError():
            return Invalid(fields=flat_fields(exc.detail))
        case Http404():
            return NotFound()
        case PermissionDenied():
            return Refused()
        case RequestDataTooBig():
            return TooLarge()
        case SuspiciousOperation() | UnicodeError():
            return Invalid("The request is not well formed.")
        case OperationalError() | InterfaceError():
            logger.error("database: %s", exc)
            return Unavailable("The database is not there right now. Try again.")
    return None


def flat_fields(detail: Any, prefix: str = "") -> dict[str, list[str]]:
    """DRF's nested error detail as `{"page.url": ["…"]}`."""
    if isinstance(detail, dict):
        flat: dict[str, list[str]] = {}
        for name, inner in detail.items():
            flat |= flat_fields(inner, f"{prefix}.{name}" if prefix else str(name))
        return flat
    messages = list(detail) if isinstance(detail, list) else [detail]  # texts that know their code
    return {prefix or "non_field_errors": messages}


def malformed(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400, for what is refused before any view: JSON under /api/, Django's page elsewhere."""
    if request.path.startswith("/api/"):
        return JsonResponse(problem(Invalid("The request is not well formed.")), status=400)
    return bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404: JSON under /api/, Django's page elsewhere."""
    if request.path.startswith("/api/"):
        return JsonResponse(problem(NotFound()), status=404)
    return page_not_found(request, exception)


def broken(request: HttpRequest) -> HttpResponse:
    """handler500: JSON under /api/, Django's page elsewhere."""
    if request.path.startswith("/api/"):
        return JsonResponse(
            {"code": "error", "detail": "Something went wrong here; it was logged.", "fields": {}}, status=500
        )
    return server_error(request)
