"""The popup's way to a provider and back: `/auth/<provider>/` and `/auth/<provider>/callback/`.

Of allauth's own pages none has an address here. What a popup is for lies in its own session, first party,
under the `state` that the provider brings back.
"""

import logging
import re
from threading import BoundedSemaphore
from typing import Any, Final

from allauth.core import context
from allauth.socialaccount.internal import statekit
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.base.constants import AuthProcess
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from comments.errors import HandoffRefused, KibitzError, NotFound, Throttled, UnknownSite, WayOff
from comments.identity.members import Profile
from comments.identity.models import Identity
from comments.rest.throttles import check_rate
from comments.signin.handoffs import make_handoff, session_adding
from comments.signin.popup_pages import (
    Errand,
    errand_in,
    hardened,
    popup_page,
    popup_text,
    tag_of,
    trouble_page,
)
from comments.signin.providers import app_of, id_of, names_set_up, profile_of, provider_of
from comments.signin.social_adapter import CameBack, DidNotComeBack
from comments.signin.ways import require_way
from comments.sites.services import get_site

logger = logging.getLogger(__name__)

CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
SESSION_SECONDS: Final = (
    15 * 60
)  # of a popup's own session: longer than a provider may take (allauth: 10 min)
# A provider that hangs holds the request for some seconds: not all of the server's threads may wait for it.
ASKING_AT_ONCE: Final = 6
# What Apple calls "access_denied"; allauth knows the standard's word alone.
APPLE_CANCELLED: Final = "user_cancelled_authorize"
POSTED_MAX_CHARS: Final = 8_000  # of each field of Apple's form; its tokens have some 800
_asking = BoundedSemaphore(ASKING_AT_ONCE)


@require_GET
def start(request: HttpRequest, provider: str) -> HttpResponseBase:
    """To the provider, with the errand kept."""
    try:
        errand = errand_of(request, provider)
    except KibitzError as error:
        return refusal(request, error)
    app = app_of(provider)
    if app is None:
        return trouble_page(request, "absent", status=404)
    keep_session(request)
    return _with_provider(request, app, errand, is_back=False)


@csrf_exempt  # Apple posts, and what it posts counts for nothing without the state in our session
@require_http_methods(["GET", "POST"])
def callback(request: HttpRequest, provider: str) -> HttpResponseBase:
    """Back from the provider. Without an errand of this very session nobody is signed in: a link, a bookmark,
    another browser, or a second time."""
    app = app_of(provider)
    if app is None:
        return trouble_page(request, "absent", status=404)
    if request.method == "POST":
        return _posted(request, app)
    errand = _kept_errand(request, app)
    if errand is None:
        return trouble_page(request, "foreign", status=400)
    return _with_provider(request, app, errand, is_back=True)


@require_GET
def apple_finish(request: HttpRequest) -> HttpResponseBase:
    """Apple's answer comes as a form of another site, without our session: what it said comes again from
    here (allauth's apple_post_callback)."""
    return callback(request, "apple")


def errand_of(request: HttpRequest, provider: str) -> Errand:
    """What the frame opened this popup for. Raises KibitzError.

    Only our own frame may open it: whoever else sends a reader here has a challenge of their own, and would
    have them tell the digits. Browsers say who opens (Sec-Fetch-Site), but for old ones; and a comment in the
    frame, whose links lead here too, sends no referrer (markup.render).
    """
    check_rate("popup", request)
    challenge = request.GET.get("challenge", "")
    fetched = request.headers.get("Sec-Fetch-Site")
    if fetched is not None and (fetched != "same-origin" or not request.headers.get("Referer")):
        raise NotFound()
    if not CHALLENGE.fullmatch(challenge):
        raise NotFound()
    site = get_site(request.GET.get("site", ""))
    require_way(site, provider)
    adds = session_adding(site, challenge, now=timezone.now()) is not None
    if adds != ("add" in request.GET):
        raise NotFound()
    return Errand(provider=provider, site=site.key, challenge=challenge, lang=tag_of(request), adds=adds)


def keep_session(request: HttpRequest) -> None:
    """A session that begins here, so that one that somebody else planted in the browser is not it; who is
    logged in to the admin keeps theirs."""
    if not request.user.is_authenticated:
        request.session.cycle_key()
        request.session.set_expiry(SESSION_SECONDS)


def finish(request: HttpRequest, errand: Errand, profile: Profile) -> HttpResponse:
    """The page that hands over to the frame, or shows the digits. Raises KibitzError."""
    site = get_site(errand.site)
    require_way(site, errand.provider)
    code, digits = make_handoff(site, errand.challenge, profile, now=timezone.now(), adds=errand.adds)
    name = site.name or site.key
    return popup_page(
        request,
        "done",
        errand.lang,
        title=popup_text(errand.lang, "addTitle" if errand.adds else "title", site=name),
        help=popup_text(errand.lang, "digitsHelp", site=name),
        # Who is logged in at the provider is for this browser to say, and may be whom somebody planted there.
        asks=popup_text(
            errand.lang,
            "addAs",
            provider=names_set_up().get(errand.provider, errand.provider),
            account=profile.email or profile.name or profile.subject,
        )
        if errand.adds and profile.provider != Identity.PASSKEY
        else "",
        code=code,
        digits=digits,
    )


def refusal(request: HttpRequest, error: KibitzError, errand: Errand | None = None) -> HttpResponse:
    match error:
        case Throttled():
            seconds = str(error.retry_after_seconds)
            response = trouble_page(request, "busy", status=429, errand=errand, n=seconds)
            response["Retry-After"] = seconds
            return response
        case WayOff():
            return trouble_page(request, "wayOff", status=error.status)
        case HandoffRefused():
            return trouble_page(request, "used", status=error.status)
        case UnknownSite() | NotFound():
            return trouble_page(request, "foreign", status=400)
    return trouble_page(request, "foreign", status=error.status)


def origin_of(request: HttpRequest) -> str:
    return str(settings.PUBLIC_URL) or f"{request.scheme}://{request.get_host()}"


def _kept_errand(request: HttpRequest, app: SocialApp) -> Errand | None:
    """What the session knows under the `state` that came back; allauth takes it out, and looks at its age."""
    kept: Any = statekit.get_states(request).get(request.GET.get("state", ""))
    errand = errand_in(kept[0].get("data")) if kept else None
    return errand if errand is not None and errand.provider == id_of(app) else None


def _with_provider(
    request: HttpRequest, app: SocialApp, errand: Errand, *, is_back: bool
) -> HttpResponseBase:
    if not _asking.acquire(blocking=False):
        return trouble_page(request, "busy", status=503, errand=errand, n="5")
    name = names_set_up().get(errand.provider, errand.provider)
    try:
        with context.request_context(request):
            return _returned(request, app, errand) if is_back else _sent(request, app, errand)
    except KibitzError as error:
        return refusal(request, error, errand)
    except DidNotComeBack as error:
        if not error.is_denied:
            logger.warning("sign-in by %s: %s", errand.provider, type(error.__cause__).__name__)
        key, status = ("denied", 403) if error.is_denied else ("failed", 502)
        return trouble_page(request, key, status=status, errand=errand, provider=name)
    except Exception as error:  # noqa: BLE001  what a provider answers may break its adapter anywhere
        # Without its text and trace: a provider's tokens may stand in them.
        logger.error("sign-in by %s broke: %s", errand.provider, type(error).__name__)
        return trouble_page(request, "failed", status=502, errand=errand, provider=name)
    finally:
        _asking.release()


def _sent(request: HttpRequest, app: SocialApp, errand: Errand) -> HttpResponseBase:
    provider, _ = _parts(request, app)
    there = provider.redirect(request, AuthProcess.LOGIN, data=errand.to_json())
    return hardened(there)


def _returned(request: HttpRequest, app: SocialApp, errand: Errand) -> HttpResponse:
    # Here, because it brings the HTTP client (providers.py).
    from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView

    provider, adapter = _parts(request, app)
    try:
        OAuth2CallbackView.adapter_view(adapter)(request)
    except CameBack as back:
        return finish(request, errand, profile_of(provider, back.login))
    raise DidNotComeBack(is_denied=False)  # allauth has a page of its own for it, which is none of ours


def _parts(request: HttpRequest, app: SocialApp) -> tuple[Any, Any]:
    """allauth's provider and its adapter, who know this app and our address, and look for no other."""
    provider = provider_of(request, app)
    adapter = provider.get_oauth2_adapter(request)
    address = f"{origin_of(request)}/auth/{id_of(app)}/callback/"
    adapter.get_provider = lambda: provider
    if app.provider == "apple":
        adapter.login_cancelled_error = APPLE_CANCELLED
    adapter.get_callback_url = lambda request, app: address
    provider.get_oauth2_adapter = lambda request: adapter
    return provider, adapter


def _posted(request: HttpRequest, app: SocialApp) -> HttpResponseBase:
    """Keeps what Apple said for the window's next request. Whoever posts is counted, and it is little."""
    if app.provider != "apple" or any(len(said) > POSTED_MAX_CHARS for said in request.POST.values()):
        return trouble_page(request, "foreign", status=400)
    try:
        check_rate("popup", request)
    except Throttled as error:
        return refusal(request, error)
    # Here, because they bring the HTTP client (providers.py).
    from allauth.socialaccount.providers.apple.apple_session import (
        APPLE_SESSION_COOKIE_NAME,
        get_apple_session,
    )
    from allauth.socialaccount.providers.apple.views import apple_post_callback

    get_apple_session(request).store.set_expiry(SESSION_SECONDS)
    there: HttpResponse = apple_post_callback(request)
    there.cookies[APPLE_SESSION_COOKIE_NAME]["httponly"] = True
    return hardened(there)
