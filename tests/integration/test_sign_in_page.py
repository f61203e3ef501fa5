"""The page of a site's ways in: what is saved, what is refused, and that the key never comes out again."""

import json
import re
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from comments.identity.members import member_by_email
from comments.identity.models import Identity, Session
from comments.identity.sessions import begin
from comments.mail.server import DEVELOPMENT
from comments.models import Action, Site, SiteGroup, SiteSignIn
from comments.sites.roles import group_of

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

SECRET = "a secret that both of us know, and nobody else"
PRIVATE = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PEM = PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
PRIVATE_PEM = PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture
def path(site: Site) -> str:
    return reverse("site-sign-in", args=[site.pk])


@pytest.fixture
def owner(site: Site) -> Client:
    user = get_user_model().objects.create_user("olga", is_staff=True)
    user.groups.add(group_of(site, SiteGroup.Role.OWNER))
    client = Client()
    client.force_login(user)
    return client


def save(client: Client, path: str, **fields: str) -> Any:
    sent = {"has_codes": "on", "has_passkeys": "on", "action": "save", **fields}
    return client.post(path, {name: value for name, value in sent.items() if value})


def test_the_owner_is_told_where_codes_cannot_be_sent(owner: Client, path: str, settings: Settings) -> None:
    settings.EMAIL_BACKEND = DEVELOPMENT
    told = []
    for settings.PUBLIC_URL in ("", "https://comments.example.org"):
        told.append("KIBITZ_SMTP_URL" in owner.get(path).content.decode())

    assert told == [False, True]


def everything_said() -> str:
    deeds = list(Action.objects.values_list("before", "after"))
    return json.dumps(deeds) + "".join(LogEntry.objects.values_list("change_message", flat=True))


def test_all_ways_are_switched_on_one_page(owner: Client, path: str, site: Site) -> None:
    answer = save(
        owner,
        path,
        has_passkeys="",
        providers="google, github\n  github",
        sso_algorithm="HS256",
        sso_key=SECRET,
        sso_issuer="https://id.example.org",
        sso_url="https://blog.example.org/login/",
    )

    assert answer.status_code == 302
    stored = SiteSignIn.objects.get(site=site)
    assert (stored.has_codes, stored.has_passkeys, stored.providers) == (True, False, ["google", "github"])
    assert (stored.sso_key, stored.sso_issuer) == (SECRET, "https://id.example.org")
    assert stored.sso_url == "https://blog.example.org/login/"


def test_a_key_that_is_stored_is_in_no_page_and_no_log(owner: Client, path: str) -> None:
    save(owner, path, sso_algorithm="HS256", sso_key=SECRET)
    save(owner, path, sso_algorithm="HS256", sso_key=SECRET + " 2")

    page = owner.get(path).content.decode()

    assert SECRET not in page
    assert "One is set; leave this empty to keep it." in page
    assert SECRET not in everything_said()
    first, second = Action.objects.order_by("pk")
    assert first.after["sso_key"] == "set"
    assert (second.before, second.after) == ({"sso_key": "set"}, {"sso_key": "another one"})


def test_an_empty_field_keeps_the_key(owner: Client, path: str, site: Site) -> None:
    save(owner, path, sso_algorithm="HS256", sso_key=SECRET)

    save(owner, path, sso_algorithm="HS256", sso_issuer="https://id.example.org")

    assert SiteSignIn.objects.get(site=site).sso_key == SECRET


def test_a_new_secret_is_shown_once(owner: Client, path: str, site: Site) -> None:
    answer = owner.post(path, {"action": "new-secret"})

    shown = re.search(r'id="new-secret">([^<]+)<', answer.content.decode())
    stored = SiteSignIn.objects.get(site=site)
    assert shown
    assert (stored.sso_key, stored.sso_algorithm) == (shown[1], "HS256")
    assert "no-store" in answer["Cache-Control"]
    assert shown[1] not in owner.get(path).content.decode() + everything_said()


@pytest.mark.parametrize(
    ("algorithm", "key", "said"),
    [
        ("HS256", "", "needs a key of its own kind"),
        ("HS256", "too short", "32 bytes at least"),
        ("HS256", PEM, "everybody who has it could sign"),
        ("EdDSA", "", "needs a key of its own kind"),
        ("EdDSA", SECRET, "public key"),
        ("EdDSA", PRIVATE_PEM, "private key"),
        ("EdDSA", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "no public key in PEM"),
        ("EdDSA", "AAAA", "has 32 bytes"),
        ("EdDSA", "{", "no JWK"),
        ("EdDSA", '{"kty": "EC", "crv": "P-256", "x": "AAAA"}', "no Ed25519 public key"),
        ("EdDSA", '{"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "d": "AAAA"}', "private key"),
        ("EdDSA", '{"kty": "OKP", "crv": "Ed25519", "x": 7}', "no Ed25519 public key"),
        ("EdDSA", "é" * 43, "no public key"),
    ],
)
def test_a_key_that_is_none_is_refused(owner: Client, path: str, algorithm: str, key: str, said: str) -> None:
    answer = save(owner, path, sso_algorithm=algorithm, sso_key=key)

    page = answer.content.decode()
    assert (answer.status_code, said in page) == (400, True), page
    assert not SiteSignIn.objects.exists()
    assert not key or len(key) < 8 or key not in page


def test_another_algorithm_needs_another_key(owner: Client, path: str, site: Site) -> None:
    save(owner, path, sso_algorithm="HS256", sso_key=SECRET)

    assert save(owner, path, sso_algorithm="EdDSA").status_code == 400
    assert save(owner, path, sso_algorithm="EdDSA", sso_key=PEM).status_code == 302
    assert SiteSignIn.objects.get(site=site).sso_key == PEM.strip()


def test_another_key_ends_the_sessions_that_began_with_the_one_before(
    owner: Client, path: str, site: Site
) -> None:
    save(owner, path, sso_algorithm="HS256", sso_key=SECRET)
    member, _ = member_by_email(site, "ann@example.org")
    for provider in ("", Identity.SSO):
        begin(member, provider=provider, now=timezone.now())

    save(owner, path, sso_algorithm="HS256", sso_url="https://blog.example.org/in/")
    assert Session.objects.count() == 2

    owner.post(path, {"action": "new-secret"})
    assert [session.provider for session in Session.objects.all()] == [""]


@pytest.mark.parametrize(
    "fields",
    [
        {"sso_url": "javascript:alert(1)"},
        {"sso_url": "ftp://blog.example.org/"},
        {"sso_url": "x"},
        {"providers": "Google Plus!"},
        {"providers": " ".join(f"p{number}" for number in range(21))},
        {"providers": "<script>"},
        {"sso_algorithm": "none"},
        {"sso_issuer": "x" * 201},
        {"sso_key": "x" * 4_097},
        {"sso_issuer": "\x00"},
    ],
)
def test_what_makes_no_sense_is_refused(owner: Client, path: str, fields: dict[str, str]) -> None:
    assert save(owner, path, **fields).status_code == 400
    assert not SiteSignIn.objects.exists()


def test_the_sites_page_leads_here_and_moderators_do_not_come_in(
    owner: Client, path: str, site: Site
) -> None:
    user = get_user_model().objects.create_user("morgan", is_staff=True)
    user.groups.add(group_of(site, SiteGroup.Role.MODERATOR))
    moderator = Client()
    moderator.force_login(user)

    assert path in owner.get(reverse("admin:comments_site_change", args=[site.pk])).content.decode()
    assert moderator.get(path).status_code == 404
    assert save(moderator, path, sso_algorithm="HS256", sso_key=SECRET).status_code == 404
    assert not SiteSignIn.objects.exists()
