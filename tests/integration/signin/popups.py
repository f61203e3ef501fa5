"""A popup to a provider and back, without a browser."""

import re
from html import unescape
from typing import Any, Final
from urllib.parse import urlsplit

from allauth.socialaccount.models import SocialApp
from django.test import Client

from comments.signin.handoffs import challenge_of
from tests.cast import API, Answer, Person
from tests.identity_provider import CLIENT_ID, CLIENT_SECRET, at_provider

VERIFIER: Final = "v" * 43
OPENED: Final = {"Sec-Fetch-Site": "same-origin", "Referer": "http://testserver/embed/blog/"}


def set_up(provider: str, **but: Any) -> SocialApp:
    made: SocialApp = SocialApp.objects.create(
        provider=provider, name="The provider", client_id=CLIENT_ID, secret=CLIENT_SECRET, **but
    )
    return made


class Popup:
    """A popup's own jar of cookies."""

    def __init__(self, verifier: str = VERIFIER) -> None:
        self.client = Client()
        self.challenge = challenge_of(verifier)

    def opened(self, provider: str = "idp", **query: str) -> Any:
        told = {"site": "blog", "challenge": self.challenge} | query
        return self.client.get(f"/auth/{provider}/", told, headers=OPENED)

    def back(self, address: str) -> Any:
        """The browser follows the provider's redirect."""
        parts = urlsplit(address)
        assert parts.netloc == "testserver"
        return self.client.get(f"{parts.path}?{parts.query}", headers={"Sec-Fetch-Site": "cross-site"})

    def signed_in(self, provider: str = "idp", login: str = "ann") -> Any:
        return self.back(at_provider(self.opened(provider)["Location"], login=login))


def code_in(page: Any) -> str:
    found = re.search(r'data-code="([^"]+)"', page.content.decode())
    assert found, page.content.decode()
    return found[1]


def text_of(page: Any) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", page.content.decode()))


def take(person: Person, page: Any, verifier: str = VERIFIER) -> Answer:
    told = {"verifier": verifier, "code": code_in(page)}
    return person.send("POST", f"{API}sites/blog/handoffs/", told, OPENED)
