"""What allauth is to do in Kibitz's way: staff alone, addresses as our own server tells them, no answer that
says whether an account exists, and secrets that are not in the clear in the database."""

import logging
from base64 import b32encode, urlsafe_b64encode
from datetime import timedelta
from hashlib import sha256
from ipaddress import ip_address
from secrets import token_bytes
from typing import Any, Final
from urllib.parse import quote, urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from comments import env
from comments.accounts.backends import accounts_called, login_of
from comments.accounts.browsers import browser_name
from comments.mail.services import enqueue
from comments.rest.throttles import client_address

logger = logging.getLogger(__name__)

NOBODY: Final = "0.0.0.0"  # noqa: S104  a peer on our own socket that names no client
MAIL_LIFETIME: Final = timedelta(hours=1)  # a mail server that is away; the link is good for longer
LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")


def address_of(request: HttpRequest) -> str:
    """Whence a request comes, as an address that a column takes."""
    told = client_address(request)
    try:
        return str(ip_address(told))
    except ValueError:
        return NOBODY


def own_url(request: HttpRequest, path: str) -> str:
    """An address of this Kibitz to be sent away in a mail. The request's Host header is whoever's who sent
    the request, so it counts only where Django was told what hosts there are, or where it is this machine."""
    if settings.PUBLIC_URL:
        return f"{settings.PUBLIC_URL}{path}"
    is_local = urlsplit(f"//{request.get_host()}").netloc.rpartition(":")[0] in LOOPBACK
    if is_local or "*" not in settings.ALLOWED_HOSTS:
        return request.build_absolute_uri(path)
    return f"http://127.0.0.1:{env.env_int('PORT', 8000)}{path}"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request)

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """By passkey, too: accounts that are no staff's have nowhere to go."""
        response: HttpResponse | None
        if not user.is_staff:
            from allauth.account.internal.stagekit import clear_login

            clear_login(request)
            response = self.respond_user_inactive(request, user)
        else:
            response = super().pre_login(request, user, **kwargs)
        return response

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """What is counted as one account. allauth's has the Host header in it, which whoever guesses may
        change with each guess, and counts a name and its e-mail address apart."""
        login = login_of(credentials)
        found = accounts_called(login)
        return f"account:{found[0].pk}" if found else f"login:{login.casefold()}"

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        """A reset of the password ends no lockout: it may be another's whose mailbox is read."""

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Whoever has a second factor proves with it, not with the password, that they may change it."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if has_factor := [each for each in methods if each["id"].startswith("mfa_")]:
            methods = has_factor
        for each in methods:
            if each["id"] == "mfa_reauthenticate:webauthn":
                each["description"] = "Use a passkey"
        return methods

    def get_reset_password_from_key_url(self, key: str) -> str:
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return own_url(self.request, path.replace("UID-KEY", quote(key)))

    def send_password_reset_mail(self, user: Any, email: str, context: dict[str, Any]) -> None:
        """By the worker, like all mail: how long a mail server takes would tell that there is an account."""
        if user.is_staff and user.is_active:
            told = {"account": user.get_username(), "link": context["password_reset_url"]}
            enqueue(email, "password", "en", told, now=timezone.now(), lifetime=MAIL_LIFETIME)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """allauth's other mails are of things that staff's accounts do not have."""


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    def get_totp_label(self, user: Any) -> str:
        return f"{user.get_username()}@{self._host()}"

    def _get_user_identifier(self, user: Any) -> str:
        return str(user.get_username())

    def _get_site_name(self) -> str:
        return "Kibitz"

    def generate_authenticator_name(self, user: Any, type: Any) -> str:  # noqa: A002  its name in allauth
        """What a passkey is called until somebody calls it something else: where it was made."""
        return browser_name(context.request.headers.get("User-Agent", ""))

    def _host(self) -> str:
        return urlsplit(settings.PUBLIC_URL).netloc or str(context.request.get_host())

    def encrypt(self, text: str) -> str:
        return str(_cipher().encrypt(text.encode()).decode())

    def decrypt(self, encrypted_text: str) -> str:
        """A secret that no code fits, where it was written with another KIBITZ_SECRET_KEY."""
        from cryptography.fernet import InvalidToken

        try:
            return str(_cipher().decrypt(encrypted_text.encode()).decode())
        except InvalidToken:
            logger.warning("a second factor was set up with another KIBITZ_SECRET_KEY")
            return b32encode(token_bytes(20)).decode()


def _cipher() -> Any:
    from cryptography.fernet import Fernet  # 5 MB, which only logins need

    key = sha256(b"kibitz second factors\n" + settings.SECRET_KEY.encode()).digest()
    return Fernet(urlsafe_b64encode(key))
