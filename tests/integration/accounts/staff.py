"""Staff with passwords, authenticator apps and browsers."""

from typing import Any, Final

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.authenticator_app import App

PASSWORD: Final = "not to be guessed"
WRONG: Final = "guessed"


def staff(name: str = "morgan", **but: Any) -> User:
    return User.objects.create_user(
        name, **{"email": f"{name}@example.org", "password": PASSWORD, "is_staff": True, **but}
    )


def log_in(
    client: Client, name: str = "morgan", password: str = PASSWORD, *, path: str = "", **headers: Any
) -> Any:
    path = path or reverse("account_login")
    return client.post(path, {"username": name, "password": password}, **headers)


def is_in(client: Client) -> bool:
    """Whether the admin lets this browser in."""
    return client.get(reverse("admin:index")).status_code == 200


def prove(client: Client, password: str = PASSWORD) -> Any:
    """Says the password once more, as changes of an account need."""
    return client.post(reverse("account_reauthenticate"), {"password": password})


def set_up_app(client: Client) -> App:
    """In a browser that is logged in; no code is used up by it."""
    prove(client)
    page: Any = client.get(reverse("mfa_activate_totp"))
    app = App(page.context_data["form"].secret)
    done = client.post(reverse("mfa_activate_totp"), {"code": app.code()})
    assert done.status_code == 302, done.content
    return app


def with_app(user: User) -> App:
    """The account has an app, set up in a browser of its own."""
    browser = Client()
    log_in(browser, user.username)
    app = set_up_app(browser)
    browser.post(reverse("account_logout"))
    return app


def recovery_codes(user: User) -> list[str]:
    found = Authenticator.objects.get(user=user, type=Authenticator.Type.RECOVERY_CODES)
    codes: list[str] = found.wrap().get_unused_codes()
    return codes
