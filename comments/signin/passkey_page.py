"""`/auth/passkey/`: use a passkey, or create one."""

import json
from typing import Any, Final
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from comments.errors import KibitzError, NotFound
from comments.identity.members import NAME_MAX_CHARS, Profile
from comments.identity.models import Author, Identity
from comments.identity.names import is_reserved
from comments.markup.plain import one_line
from comments.rest.throttles import check_rate
from comments.signin.handoffs import session_adding
from comments.signin.models import Passkey
from comments.signin.passkeys import PasskeyRefused, PasskeyUnknown, ceremonies, come_back
from comments.signin.popup import errand_of, finish, keep_session, origin_of, refusal
from comments.signin.popup_pages import Errand, errand_in, popup_page, popup_text, trouble_page
from comments.sites.services import get_site

KEPT: Final = "kibitz.passkey"  # in the popup's session
KEPT_SECONDS: Final = 10 * 60


@require_http_methods(["GET", "POST"])
def passkey(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _answered(request)
    try:
        errand = errand_of(request, Identity.PASSKEY)
        page = _asking(request, errand)
    except KibitzError as error:
        return refusal(request, error)
    keep_session(request)
    return page


def _asking(request: HttpRequest, errand: Errand, *, trouble: str = "", status: int = 200) -> HttpResponse:
    """Raises NotFound where who wanted to add one is gone."""
    origin, owner = origin_of(request), _owner(errand)
    use, create, asked = ceremonies(origin, owner)
    _keep(request, errand, asked=asked)
    host = urlsplit(origin).hostname or ""
    return popup_page(
        request,
        "passkey",
        errand.lang,
        status=status,
        title=popup_text(errand.lang, "addPasskey" if owner else "passkey"),
        detail=popup_text(errand.lang, trouble) if trouble else "",
        create_help=popup_text(errand.lang, "createHelp", host=host),
        owner=owner,
        use=json.dumps(use),
        create=json.dumps(create),
    )


def _asking_name(request: HttpRequest, errand: Errand, profile: Profile) -> HttpResponse:
    """A new member's name is somebody's here: the passkey is there, and needs another one."""
    _keep(request, errand, handle=profile.subject)
    return popup_page(
        request,
        "name",
        errand.lang,
        status=403,
        title=popup_text(errand.lang, "passkey"),
        detail=popup_text(errand.lang, "nameReserved"),
        name=profile.name,
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
        try:
            profile = _named(request, kept["handle"]) if "handle" in kept else _came_back(request, kept)
        except PasskeyRefused as error:
            key = "unknownPasskey" if isinstance(error, PasskeyUnknown) else "wrongPasskey"
            return _asking(request, errand, trouble=key, status=403)
        if _needs_another_name(errand, profile):
            return _asking_name(request, errand, profile)
        return finish(request, errand, profile)
    except KibitzError as error:
        return refusal(request, error, errand)


def _came_back(request: HttpRequest, kept: Any) -> Profile:
    answer, name = request.POST.get("answer", ""), request.POST.get("name", "")
    return come_back(origin_of(request), kept["asked"], answer, name, now=timezone.now())


def _named(request: HttpRequest, handle: str) -> Profile:
    """The passkey that has answered before, under another name."""
    name = one_line(request.POST.get("name", ""))[:NAME_MAX_CHARS]
    if name:
        Passkey.objects.filter(handle=handle).update(name=name)
    found = Passkey.objects.filter(handle=handle).first()
    if found is None:
        raise PasskeyUnknown()
    return Profile(provider=Identity.PASSKEY, subject=handle, name=found.name)


def _needs_another_name(errand: Errand, profile: Profile) -> bool:
    site = get_site(errand.site)
    if errand.adds or not is_reserved(site, profile.name):
        return False
    is_member = Identity.objects.filter(site=site, provider=Identity.PASSKEY, subject=profile.subject)
    return not is_member.exists()


def _owner(errand: Errand) -> Author | None:
    """Who adds one to their ways in. Raises NotFound where they are gone."""
    if not errand.adds:
        return None
    session = session_adding(get_site(errand.site), errand.challenge, now=timezone.now())
    if session is None:
        raise NotFound()
    return session.author


def _keep(request: HttpRequest, errand: Errand, **kept: Any) -> None:
    until = timezone.now().timestamp() + KEPT_SECONDS
    request.session[KEPT] = {"errand": errand.to_json(), "until": until, **kept}
