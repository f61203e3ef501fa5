"""Who may answer for a reader: the providers of django-allauth that work by OAuth 2 or OpenID Connect alone.

Their modules are loaded by the first reader who asks for one, and are no Django apps: all of them, with the
HTTP client that they use, would take 25 MB of every process.
"""

import re
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any, Final

from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers import registry
from django.http import HttpRequest

from comments.identity.members import NAME_MAX_CHARS, Profile
from comments.identity.models import Identity
from comments.markup.plain import one_line

OPENID: Final = "openid_connect"
NAMES: Final[Mapping[str, str]] = {
    "apple": "Apple",
    "bitbucket_oauth2": "Bitbucket",
    "discord": "Discord",
    "facebook": "Facebook",
    "github": "GitHub",
    "gitlab": "GitLab",
    "google": "Google",
    "kakao": "Kakao",
    "line": "LINE",
    "microsoft": "Microsoft",
    "naver": "NAVER",
    "reddit": "Reddit",
    "slack": "Slack",
    "spotify": "Spotify",
    "stackexchange": "Stack Exchange",
    "twitch": "Twitch",
    "twitter_oauth2": "X",
    "yahoo": "Yahoo",
    "yandex": "Yandex",
    OPENID: "OpenID Connect",  # any other, LinkedIn too, by an id and a name of the operator's
}
PROVIDER_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
TAKEN_IDS: Final = {*NAMES, Identity.SSO, Identity.PASSKEY}

# Whose word counts for an address: who runs the mailbox. Whoever else verified it once does not know whose
# it is today, and an organisation's own directory (Microsoft's) says what its administrator typed.
_MAILBOXES: Final[Mapping[str, frozenset[str]]] = {
    "google": frozenset({"gmail.com", "googlemail.com"}),
    "apple": frozenset({"icloud.com", "me.com", "mac.com", "privaterelay.appleid.com"}),
}

AVATAR_URL_MAX_CHARS: Final = 500  # Avatar.wanted
REMEMBER_SECONDS: Final = 1.0  # as long as a site's other settings (sites.services)
_remembered: tuple[float, dict[str, str]] = (0.0, {})


def id_of(app: SocialApp) -> str:
    """What it is called in addresses and in identities."""
    return str(app.provider_id or app.provider) if app.provider == OPENID else str(app.provider)


def names_set_up() -> dict[str, str]:
    """The providers that the operator has set up, as they were within the last second: id and name."""
    global _remembered
    forget_at, found = _remembered
    now = time.monotonic()
    if forget_at <= now:
        apps = SocialApp.objects.filter(provider__in=NAMES).order_by("pk")
        found = {id_of(app): _name_of(app) for app in apps if _has_good_id(app)}
        _remembered = (now + REMEMBER_SECONDS, found)
    return found


def app_of(provider: str) -> SocialApp | None:
    apps = SocialApp.objects.filter(provider__in=NAMES).order_by("pk")
    return next((app for app in apps if _has_good_id(app) and id_of(app) == provider), None)


def provider_of(request: HttpRequest, app: SocialApp) -> Any:
    """allauth's provider for this app, with PKCE unless the app's settings say that it does not take it."""
    module = import_module(f"allauth.socialaccount.providers.{app.provider}.provider")
    for each in module.provider_classes:
        registry.register(each)
    provider = registry.get_class(app.provider)(request, app=app)
    provider.pkce_enabled_default = True
    return provider


def profile_of(provider: Any, login: SocialLogin) -> Profile:
    """Raises ValueError for an account that has no name of its own there."""
    subject = str(login.account.uid)
    if not subject or one_line(subject) != subject:
        raise ValueError("the provider's name for the account is none")
    found = sorted(login.email_addresses, key=lambda each: (not each.verified, not each.primary))
    email, is_verified = (str(found[0].email or ""), bool(found[0].verified)) if found else ("", False)
    return Profile(
        provider=id_of(provider.app),
        subject=subject,
        name=_shown_name(login),
        email=email if one_line(email) == email else "",
        is_email_verified=is_verified,
        is_email_trusted=is_verified and _is_trusted(provider.app, email, login.account.extra_data),
        avatar_url=_avatar_url(provider, login),
    )


def _name_of(app: SocialApp) -> str:
    return one_line(app.name) if app.provider == OPENID else NAMES[app.provider]


def _has_good_id(app: SocialApp) -> bool:
    if app.provider != OPENID:
        return True
    return bool(PROVIDER_ID.fullmatch(app.provider_id or "")) and app.provider_id not in TAKEN_IDS


def _is_trusted(app: SocialApp, email: str, said: Any) -> bool:
    """`email_trusted` in the app's settings is the operator's word: true, or a list of domains."""
    domain = email.rpartition("@")[2].lower()
    told = app.settings.get("email_trusted")
    if told is True or (isinstance(told, list) and domain in told):
        return True
    hosted = said.get("hd") if app.provider == "google" and isinstance(said, dict) else None
    return domain in _MAILBOXES.get(app.provider, ()) or (bool(hosted) and domain == hosted)


def _shown_name(login: SocialLogin) -> str:
    """Never the address: a name is public."""
    user = login.user
    name = one_line(f"{user.first_name} {user.last_name}") or one_line(user.username or "")
    return "" if "@" in name else name[:NAME_MAX_CHARS]


def _avatar_url(provider: Any, login: SocialLogin) -> str:
    url = None
    with suppress(AttributeError, LookupError, TypeError):  # it is only a picture
        url = provider.wrap_account(login.account).get_avatar_url()
    if not isinstance(url, str) or not url.startswith("https://") or len(url) > AVATAR_URL_MAX_CHARS:
        return ""
    return url if url.isascii() and url.isprintable() else ""
