"""Passkeys against a soft authenticator: what it signs, the library verifies; what is altered is refused."""

import json
import re
from datetime import timedelta
from hashlib import sha256
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from django.contrib.sessions.models import Session as DjangoSession
from django.test import Client
from django.utils import timezone
from fido2 import cbor
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode

from comments.identity.models import Author
from comments.signin.forgetting import forget_past_sign_ins
from comments.signin.handoffs import challenge_of
from comments.signin.models import Handoff, Passkey, SiteSignIn
from comments.sites.models import Site
from tests.cast import API, Person

ORIGIN = "http://testserver"
VERIFIER = "v" * 43
OPENED = {"Sec-Fetch-Site": "same-origin", "Referer": f"{ORIGIN}/embed/blog/"}


class Key:
    """One passkey in a device."""

    def __init__(self, origin: str = ORIGIN, rp: str = "testserver") -> None:
        self.origin, self.rp = origin, rp
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.id = sha256(str(id(self)).encode()).digest()
        self.count = 0
        self.handle = ""

    def created(self, options: dict[str, Any], **client: Any) -> dict[str, Any]:
        self.handle = options["user"]["id"]
        public_key = self.private.public_key()
        public = cbor.encode(dict(ES256.from_cryptography_key(public_key)))  # type: ignore[no-untyped-call]
        data = self._data(0x45) + b"\0" * 16 + len(self.id).to_bytes(2, "big") + self.id + public
        attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
        return self._shown(
            clientDataJSON=self._client("webauthn.create", options, **client), attestationObject=attestation
        )

    def used(self, options: dict[str, Any], **client: Any) -> dict[str, Any]:
        said, data = self._client("webauthn.get", options, **client), self._data(0x05)
        signature = self.private.sign(data + sha256(said).digest(), ec.ECDSA(SHA256()))
        return self._shown(
            clientDataJSON=said,
            authenticatorData=data,
            signature=signature,
            userHandle=websafe_decode(self.handle),
        )

    def _data(self, flags: int) -> bytes:
        return sha256(self.rp.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, options: dict[str, Any], **but: Any) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin, **but}
        return json.dumps(said).encode()

    def _shown(self, **response: bytes) -> dict[str, Any]:
        shown = websafe_encode(self.id)
        texts = {name: websafe_encode(value) for name, value in response.items()}
        return {"id": shown, "rawId": shown, "type": "public-key", "response": texts}


class Popup:
    def __init__(self, verifier: str = VERIFIER, **query: str) -> None:
        self.client = Client(enforce_csrf_checks=True)
        self.verifier = verifier
        told = {"site": "blog", "challenge": challenge_of(verifier), **query}
        self.page: Any = self.client.get(f"/auth/passkey/?{urlencode(told)}", headers=OPENED)

    def asked(self, what: str) -> dict[str, Any]:
        found = re.search(rf'data-{what}="([^"]+)"', self.page.content.decode())
        assert found
        options: dict[str, Any] = json.loads(unescape(found[1]))
        return options

    def answer(self, said: Any, name: str = "", *, token: str | None = None) -> Any:
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.page.content.decode())
        raw = said if isinstance(said, str) else json.dumps(said)
        told = {"answer": raw, "name": name}
        if token is None and found:
            told["csrfmiddlewaretoken"] = found[1]
        page = self.client.post("/auth/passkey/", told)
        if b"<form" in page.content:
            self.page = page
        return page

    def taken(self, person: Person, page: Any) -> Any:
        code = re.search(r'data-code="([^"]+)"', page.content.decode())
        assert code, page.content.decode()
        told = {"verifier": self.verifier, "code": code[1]}
        return person.send("POST", f"{API}sites/blog/handoffs/", told, OPENED)


@pytest.fixture
def key(alice: Person) -> Key:
    """Ann's, who is a member by it."""
    key, popup = Key(), Popup("1" * 43)
    answer = popup.taken(alice, popup.answer(key.created(popup.asked("create")), "Ann"))
    assert answer.data["author"]["name"] == "Ann"
    return key


def refused(popup: Popup, said: Any, *, status: int = 403) -> None:
    page = popup.answer(said)
    assert (page.status_code, b"data-code" in page.content) == (status, False)
    assert Handoff.objects.count() <= 1


def test_a_passkey_is_its_author_in_another_browser(key: Key, bob: Person) -> None:
    popup = Popup()
    key.count = 1

    answer = popup.taken(bob, popup.answer(key.used(popup.asked("use"))))

    assert answer.data["author"]["name"] == "Ann"
    assert Author.objects.filter(is_member=True).count() == 1
    assert Passkey.objects.get().sign_count == 1


def test_an_answer_is_good_once(key: Key) -> None:
    popup = Popup()
    said = key.used(popup.asked("use"))
    popup.answer("{}")

    refused(popup, said)


def test_a_challenge_of_another_window_is_none(key: Key) -> None:
    refused(Popup(), key.used(Popup("2" * 43).asked("use")))


def test_a_counter_that_does_not_grow_is_a_copys(key: Key) -> None:
    Passkey.objects.update(sign_count=5)
    for count in (0, 4, 5):
        popup = Popup(f"{count}" * 43)
        key.count = count
        refused(popup, key.used(popup.asked("use")))


def test_a_passkey_that_is_not_kept_is_unknown(key: Key) -> None:
    popup, other = Popup(), Key()
    other.handle = key.handle

    page = popup.answer(other.used(popup.asked("use")))

    assert (page.status_code, b"is not known here" in page.content) == (403, True)


@pytest.mark.one_database
@pytest.mark.parametrize(
    "client",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://testserver.evil.example"},
        {"origin": "http://testserver:8000"},
        {"origin": "https://testserver"},
        {"type": "webauthn.create"},
        {"challenge": websafe_encode(b"0" * 32)},
    ],
)
def test_what_was_signed_for_another_page_is_refused(key: Key, client: dict[str, str]) -> None:
    popup = Popup()

    refused(popup, key.used(popup.asked("use"), **client))


def test_an_altered_answer_is_refused(key: Key) -> None:
    popup = Popup()
    said = key.used(popup.asked("use"))
    said["response"]["signature"] = websafe_encode(b"0" * 70)
    refused(popup, said)

    key.rp = "evil.example"
    refused(popup, key.used(popup.asked("use")))
    key.rp, key.handle = "testserver", websafe_encode(b"0" * 64)
    refused(popup, key.used(popup.asked("use")))


def test_somebody_elses_passkey_cannot_be_created_again(key: Key) -> None:
    thief, popup = Key(), Popup()
    thief.id = key.id

    refused(popup, thief.created(popup.asked("create")))


@pytest.mark.one_database
@pytest.mark.parametrize(
    "said",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"response": 7}',
        '{"response": {"attestationObject": 7}}',
        '{"id": "a", "rawId": "a", "type": "public-key", "response": {"attestationObject": "AA"}}',
        '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {"clientDataJSON": "AA"}}',
        "[" * 9_000,
        "a" * 20_001,
        "\x00",
    ],
)
def test_nonsense_is_refused_in_words(site: Site, said: str) -> None:
    refused(Popup(), said)


@pytest.mark.one_database
def test_only_our_own_form_answers(site: Site) -> None:
    popup, key = Popup(), Key()

    page = popup.answer(key.created(popup.asked("create")), token="")

    assert page.status_code == 403
    assert not Passkey.objects.exists()


@pytest.mark.one_database
def test_an_answer_without_a_window_is_none(site: Site) -> None:
    client = Client()

    page = client.post("/auth/passkey/", {"answer": "{}"})

    assert (page.status_code, b"Nobody was signed in" in page.content) == (400, True)
    assert not DjangoSession.objects.exists()  # strangers leave nothing behind, however often they ask


@pytest.mark.one_database
def test_a_site_may_want_none(site: Site) -> None:
    SiteSignIn.objects.create(site=site, has_passkeys=False)

    assert Popup().page.status_code == 403


@pytest.mark.one_database
def test_a_name_is_cleaned(alice: Person, site: Site) -> None:
    popup, key = Popup(), Key()

    popup.taken(alice, popup.answer(key.created(popup.asked("create")), "Ann\u202e\n" + "x" * 100))

    assert Passkey.objects.get().name == ("Ann " + "x" * 100)[:64]


@pytest.mark.one_database
def test_a_browser_says_whose_form_it_posts(site: Site) -> None:
    """Under no-referrer it would say `null`, and the form would be refused."""
    assert Popup().page["Referrer-Policy"] == "same-origin"


def test_a_passkey_that_lets_nobody_in_is_forgotten_after_a_day(key: Key, alice: Person) -> None:
    """Its window was closed, or its name was somebody's."""
    now, given_up, popup = timezone.now(), Key(), Popup("2" * 43)
    popup.answer(given_up.created(popup.asked("create")), "Bob")

    left = []
    for later in (timedelta(hours=23), timedelta(hours=25)):
        forget_past_sign_ins(now + later)
        left.append(list(Passkey.objects.order_by("pk").values_list("name", flat=True)))

    assert left == [["Ann", "Bob"], ["Ann"]]
