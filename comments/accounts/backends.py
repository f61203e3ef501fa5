"""Checks a name or e-mail address with a password: staff alone have one, and everybody else is told the
same."""

import unicodedata
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.internal.userkit import filter_users_by_email, get_user_by_username
from django.contrib.auth.models import User
from django.http import HttpRequest


def accounts_called(login: str) -> list[User]:
    """Whose name or e-mail address it is; usually one."""
    found: list[User] = filter_users_by_email(login, prefer_verified=True, for_login=True)
    by_name = get_user_by_username(login)
    if isinstance(by_name, User) and by_name not in found:
        found.append(by_name)
    return sorted(found, key=lambda user: user.pk)


def login_of(credentials: dict[str, Any]) -> str:
    said = str(credentials.get("username") or credentials.get("email") or "")
    return unicodedata.normalize("NFKC", said).strip()


class StaffBackend(AuthenticationBackend):  # type: ignore[misc]  # allauth has no types
    """allauth's looks twice for an e-mail address, and so takes twice as long to refuse one that it knows."""

    def _authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        password = str(credentials.get("password") or "")
        for user in accounts_called(login_of(credentials)):
            if self._check_password(user, password) is not None:
                return user
        return None

    def _check_password(self, user: User | None, password: str) -> User | None:
        if user is None:
            return None
        self._did_check_password = True  # else the time of a check is spent anyway
        is_right = user.check_password(password)
        return user if is_right and user.is_active and user.is_staff else None
