"""django-allauth asks a provider who came back, and no more: it makes, finds and signs in no account.

Readers are no Django users, and who is logged in to the admin stays who they are.
"""

from typing import Any, NoReturn

from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base import AuthError
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest


class CameBack(Exception):
    """Who a provider says came back; leaves allauth's flow before that looks for an account."""

    def __init__(self, login: SocialLogin) -> None:
        self.login = login
        super().__init__()


class DidNotComeBack(Exception):
    """The provider or the reader said no, or what came back was not understood."""

    def __init__(self, *, is_denied: bool) -> None:
        self.is_denied = is_denied
        super().__init__()


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> NoReturn:
        raise CameBack(sociallogin)

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: Any = None,
    ) -> NoReturn:
        raise DidNotComeBack(is_denied=error == AuthError.CANCELLED) from exception

    def authenticate_by_email(self, login: SocialLogin) -> None:
        """Nobody: an address opens no account."""

    def can_authenticate_by_email(self, login: SocialLogin, email: str) -> bool:
        return False

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> NoReturn:
        raise PermissionDenied
