"""Members who have just signed in, and what their frames and popups do about their ways in."""

from itertools import count
from typing import Any, Final

from django.utils import timezone

from comments.identity.members import Profile
from comments.identity.models import Author, Session
from comments.identity.sessions import begin, cookie_name
from comments.signin.handoffs import challenge_of, make_handoff
from comments.signin.member_ways import FRESH
from comments.sites.models import Site
from tests.cast import API, Answer, Page, Person

OWN_PAGE: Final = {"Sec-Fetch-Site": "same-origin"}
WAYS: Final = f"{API}sites/blog/session/ways/"
KEY = Profile("passkey", "ann's", "Ann")
verifiers = (f"{number:043}" for number in count())


class Member(Person):
    """Somebody who has just signed in, by a code unless it is said."""

    def __init__(self, author: Author, page: Page, provider: str = "") -> None:
        super().__init__(author.name, page)
        self.author = author
        self.session, secret = begin(author, provider=provider, now=timezone.now())
        self.client.cookies[cookie_name(author.site.key)] = secret

    def asks(self, method: str, path: str, told: object = None, **headers: str) -> Answer:
        named = OWN_PAGE | {"X-Kibitz-Author": self.author.public_key} | headers
        return self.send(method, path, told, named)

    def ways(self) -> Any:
        answer = self.asks("GET", WAYS)
        assert answer.status == 200, answer
        return answer.data

    def begins(self) -> str:
        """The verifier of what the frame has begun to add."""
        verifier = next(verifiers)
        answer = self.asks("POST", f"{WAYS}begin/", {"challenge": challenge_of(verifier)})
        assert answer.status == 204, answer
        return verifier

    def takes(self, verifier: str, code: str, **headers: str) -> Answer:
        return self.asks("POST", WAYS, {"verifier": verifier, "code": code}, **headers)

    def adds(self, profile: Profile = KEY) -> Answer:
        verifier = self.begins()
        return self.takes(verifier, brought(self.author.site, verifier, profile))

    def removes(self, pk: int, **headers: str) -> Answer:
        return self.asks("DELETE", f"{WAYS}{pk}/", **headers)


def brought(site: Site, verifier: str, profile: Profile = KEY, *, adds: bool = True) -> str:
    """The code of the popup."""
    code, _ = make_handoff(site, challenge_of(verifier), profile, now=timezone.now(), adds=adds)
    return code


def make_older(member: Member) -> None:
    Session.objects.filter(pk=member.session.pk).update(created=timezone.now() - FRESH)


def providers_of(author: Author) -> list[str]:
    return list(author.identities.order_by("pk").values_list("provider", flat=True))
