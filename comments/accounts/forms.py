"""allauth's forms, where a program sends them something else than a browser does."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import DatabaseError

T = TypeVar("T")
LOGIN_MAX_CHARS: Final = 254  # an e-mail address; SQLite compares none that is very long
PASSWORD_MAX_CHARS: Final = 4_096
NAME_MAX_CHARS: Final = 64  # of a passkey


class LoginForm(AllauthLoginForm):  # type: ignore[misc]  # allauth has no types
    """With the names that the fields have in Django's own admin: password managers know them, and programs
    do."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        login, password = self.fields["login"], self.fields["password"]
        login.label = "Username or e-mail"
        login.validators.append(MaxLengthValidator(LOGIN_MAX_CHARS))
        login.widget.attrs = {"autocomplete": "username", "autofocus": True, "autocapitalize": "none"}
        password.widget.attrs.pop("placeholder", None)
        password.help_text = ""
        password.validators.append(MaxLengthValidator(PASSWORD_MAX_CHARS))

    def add_prefix(self, field_name: str) -> str:
        return str(super().add_prefix("username" if field_name == "login" else field_name))


def understood(read: Callable[[], T]) -> T:
    """What `read` makes of a credential. Raises ValidationError for one that is not right."""
    try:
        return read()
    except (ValidationError, DatabaseError):
        raise
    except Exception as error:  # a made-up credential breaks fido2 in a dozen ways, and is wrong in each
        raise get_adapter().validation_error("incorrect_code") from error


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].initial = True
        self.fields["passwordless"].label = "Log in with it alone"
        self.fields["passwordless"].help_text = (
            "No name and no password: your device asks for its PIN, your finger or your face. Else it comes "
            "after the password."
        )
        self.fields["name"].validators.append(MaxLengthValidator(NAME_MAX_CHARS))

    def clean(self) -> Any:
        return understood(super().clean)


class AuthenticatePasskeyForm(AuthenticateWebAuthnForm):  # type: ignore[misc]
    def clean_credential(self) -> Any:
        return understood(super().clean_credential)


class LoginPasskeyForm(LoginWebAuthnForm):  # type: ignore[misc]
    def clean_credential(self) -> Any:
        return understood(super().clean_credential)


class ReauthenticatePasskeyForm(ReauthenticateWebAuthnForm):  # type: ignore[misc]
    def clean_credential(self) -> Any:
        return understood(super().clean_credential)
