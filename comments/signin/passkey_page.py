"""`/auth/passkey/`: use a passkey, or create one."""

import json
from typing import Any, Final
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from comments.errors import KibitzError
from comments.identity.models import Identity
from comments.rest.throttles import check_rate
from comments.signin.passkeys import PasskeyRefused, PasskeyUnknown, ceremonies, come_back
from comments.signin.popup import errand_of, finish, keep_session, origin_of, refusal
from comments.signin.popup_pages import Errand, errand_in, popup_page, popup_text, trouble_page

KEPT: Final = "kibitz.passkey"  # in the popup's session
KEPT_SECONDS: Final = 10 * 60


@require_http_methods(["GET", "POST"])
def passkey(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _answered(request)
    try:
        errand = errand_of(request, Identity.PASSKEY)
    except KibitzError as error:
        return refusal(request, error)
    keep_session(request)
    return _asking(request, errand)


def _asking(request: HttpRequest, errand: Errand, *, trouble: str = "", status: int = 200) -> HttpResponse:
    origin = origin_of(request)
    use, create, kept = ceremonies(origin)
    request.session[KEPT] = {
        "errand": errand.to_json(),
        "asked": kept,
        "until": timezone.now().timestamp() + KEPT_SECONDS,
    }
    return popup_page(
        request,
        "passkey",
        errand.lang,
        status=status,
        title=popup_text(errand.lang, "passkey"),
        detail=popup_text(errand.lang, trouble) if trouble else "",
        create_help=popup_text(errand.lang, "createHelp", host=urlsplit(origin).hostname or ""),
        use=json.dumps(use),
        create=json.dumps(create),
    )


def _answered(request: HttpRequest) -> HttpResponse:
    kept: Any = request.session.pop(KEPT, None)  # single use, whatever comes of it
    if kept is not None:
        request.session.save()  # now, and not after the work: of two answers at once one finds nothing
    errand = errand_in(kept.get("errand")) if isinstance(kept, dict) else None
    if errand is None or timezone.now().timestamp() > kept["until"]:
        return trouble_page(request, "foreign", status=400, errand=errand)
    try:
        check_rate("popup", request)
        profile = come_back(
            origin_of(request),
            kept["asked"],
            request.POST.get("answer", ""),
            request.POST.get("name", ""),
            now=timezone.now(),
        )
        return finish(request, errand, profile)
    except PasskeyRefused as error:
        key = "unknownPasskey" if isinstance(error, PasskeyUnknown) else "wrongPasskey"
        return _asking(request, errand, trouble=key, status=403)
    except KibitzError as error:
        return refusal(request, error, errand)
