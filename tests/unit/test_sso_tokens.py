"""Whether a token of single sign-on is believed: every way to forge one, and every claim that is wrong."""

import base64
import json
import time
from datetime import UTC, datetime
from functools import partial

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from comments.errors import InvalidSsoToken
from comments.signin.models import SiteSignIn
from comments.signin.sso import Claims, claims_of
from comments.sites.models import Site
from tests.cast import ORIGIN
from tests.sso_tokens import JWK, PEM, PRIVATE, RAW, SECRET, by_secret, encoded, signed, token


def claims(handed: str, key: str = SECRET, algorithm: str = "HS256") -> Claims:
    site = Site(key="blog", origins=[ORIGIN])
    sign_in = SiteSignIn(site=site, sso_algorithm=algorithm, sso_key=key)
    return claims_of(handed, site, sign_in, now=datetime.now(UTC))


def refusal(handed: str, key: str = SECRET, algorithm: str = "HS256") -> str:
    """Why the token is refused; it is never said again, nor what was in it."""
    with pytest.raises(InvalidSsoToken) as refused:
        claims(handed, key, algorithm)
    detail = refused.value.detail
    assert all(part not in detail for part in handed.split(".") if len(part) > 8)
    return detail


@pytest.mark.parametrize("key", [PEM, RAW, RAW + "=", JWK, f"\n{PEM}\n"])
def test_a_public_key_in_whatever_form(key: str) -> None:
    assert claims(token(PRIVATE.sign, alg="EdDSA"), key, "EdDSA").subject == "7"


def test_no_signature_is_no_token() -> None:
    for name in ("none", "None", "NONE", "nOnE"):
        assert "algorithm" in refusal(token(lambda said: b"", alg=name))
    assert "signature" in refusal(token(lambda said: b""))


@pytest.mark.parametrize("key", [PEM, RAW, JWK])
def test_a_public_key_is_no_secret(key: str) -> None:
    for secret in (key, key.strip(), key + "\n"):
        assert "algorithm" in refusal(token(partial(by_secret, secret=secret)), key, "EdDSA")
    assert "signature" in refusal(token(partial(by_secret, secret=key), alg="EdDSA"), key, "EdDSA")


@pytest.mark.parametrize("alg", ["HS384", "HS512", "RS256", "EdDSA", "", None, ["HS256"], {"a": 1}, 1])
def test_another_algorithm_than_the_sites_is_refused(alg: object) -> None:
    refusal(token(alg=alg))


def test_another_secret_is_refused() -> None:
    assert "signature" in refusal(token(lambda said: by_secret(said, SECRET + "!")))


def test_what_was_altered_is_refused() -> None:
    header, _, signature = token().split(".")
    payload = token(sub="1", role="owner").split(".")[1]

    assert "signature" in refusal(f"{header}.{payload}.{signature}")


def test_a_key_that_the_token_brings_along_is_not_looked_at() -> None:
    forger = Ed25519PrivateKey.generate()
    mine = encoded(forger.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    payload = base64.urlsafe_b64decode(token().split(".")[1] + "==")
    header = {
        "alg": "EdDSA",
        "jwk": {"kty": "OKP", "crv": "Ed25519", "x": mine},
        "jku": "https://mallory.example/keys",
        "kid": "../../dev/null",
    }

    assert "signature" in refusal(signed(json.dumps(header).encode(), payload, forger.sign), PEM, "EdDSA")


@pytest.mark.parametrize("extension", [{"crit": ["exp"]}, {"b64": False}, {"b64": False, "crit": ["b64"]}])
def test_a_critical_extension_is_not_known(extension: dict[str, object]) -> None:
    payload = base64.urlsafe_b64decode(token().split(".")[1] + "==")

    refusal(signed(json.dumps({"alg": "HS256", **extension}).encode(), payload))


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"aud": ...}, "aud"),
        ({"aud": "other"}, "aud"),
        ({"aud": ["blog", "other"]}, "aud"),
        ({"aud": []}, "aud"),
        ({"aud": {"blog": 1}}, "aud"),
        ({"iss": ...}, "iss"),
        ({"iss": "https://blog.example.org.mallory.example"}, "iss"),
        ({"iss": [ORIGIN]}, "iss"),
        ({"sub": ...}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": " "}, "sub"),
        ({"sub": 7}, "sub"),
        ({"sub": "7\x00"}, "sub"),
        ({"sub": "\ud800"}, "sub"),
        ({"sub": "x" * 256}, "sub"),
        ({"jti": ...}, "jti"),
        ({"jti": ""}, "jti"),
        ({"jti": 5}, "jti"),
        ({"exp": ...}, "exp"),
        ({"exp": "9999999999"}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": 1e300}, "exp"),
        ({"exp": -1}, "exp"),
        ({"iat": ...}, "iat"),
        ({"iat": None}, "iat"),
        ({"nbf": time.time() + 3_600}, "nbf"),
        ({"nbf": "now"}, "nbf"),
        ({"name": 7}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"email": "nobody"}, "email"),
        ({"email": "a@example.org\nBcc: b@example.org"}, "email"),
        ({"email": "a@exa\ud800mple.org"}, "email"),
        ({"email": ["a@example.org"]}, "email"),
        ({"email": "a@example.org", "email_verified": "true"}, "email_verified"),
        ({"email": "a@example.org", "email_verified": 1}, "email_verified"),
        ({"avatar": "http://example.org/a.png"}, "avatar"),
        ({"avatar": "javascript:alert(1)"}, "avatar"),
        ({"avatar": "https://user:pass@example.org/a.png"}, "avatar"),
        ({"avatar": "https://example.org/\x00"}, "avatar"),
        ({"avatar": "https://example.org/" + "a" * 500}, "avatar"),
        ({"badge": "x" * 25}, "badge"),
        ({"badge": {"moderator": True}}, "badge"),
        ({"role": "admin"}, "role"),
        ({"role": True}, "role"),
    ],
)
def test_a_claim_that_is_wrong_is_named(wrong: dict[str, object], named: str) -> None:
    assert f'"{named}"' in refusal(token(**wrong))


@pytest.mark.parametrize("said", [b'{"exp": Infinity}', b'{"exp": NaN}', b"[]", b"7", b"\xff", b"{", b"null"])
def test_claims_that_are_no_claims(said: bytes) -> None:
    refusal(signed(b'{"alg": "HS256"}', said))


@pytest.mark.parametrize(
    "handed",
    [
        "x",
        "..",
        "a.b.c",
        "a.b",
        "a.b.c.d.e",
        "é.é.é",
        ".".join(["e30"] * 3),
        f"{encoded(b'[' * 2_900)}.e30.e30",
    ],
)
def test_what_is_no_token(handed: str) -> None:
    refusal(handed)


def test_deep_claims_are_refused_as_well() -> None:
    refusal(signed(b'{"alg": "HS256"}', b"[" * 2_900))


@pytest.mark.parametrize(
    ("key", "algorithm"), [("", "HS256"), ("short", "HS256"), ("", "EdDSA"), ("x", "EdDSA")]
)
def test_without_a_key_nothing_is_signed(key: str, algorithm: str) -> None:
    assert "settings" in refusal(token(partial(by_secret, secret=key), alg=algorithm), key, algorithm)


def test_a_key_of_another_kind_signs_nothing() -> None:
    rsa = generate_private_key(65_537, 2_048).public_key()
    key = rsa.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    assert "settings" in refusal(token(PRIVATE.sign, alg="EdDSA"), key, "EdDSA")


@pytest.mark.parametrize(
    "badge",
    [
        "Moderator",
        "MOD",
        "m o d",
        "Mоderаtоr",
        "ⓜⓞⓓ",
        "4dm1n",
        "0wner",
        "Inhaber",
        "Propriétaire",
        "Modération",
        "Moderación",
        "Responsable",
        "モデレーター",
        "オーナー",
        "مشرف",
        "المالك",
        "rnoderator",
        "Mod\u200derator",
        "АDМIN",
        "ᴍᴏᴅ",
        "модератор",
        "Møderatør",
    ],
)
def test_a_badge_that_reads_like_staffs_is_refused(badge: str) -> None:
    assert '"badge"' in refusal(token(badge=badge))


@pytest.mark.parametrize(
    "badge", ["Gold", "Homeowner", "Model", "読者", "⭐ Premium", "Опытный", "Météo", "عضو"]
)
def test_other_badges_are_the_sites_to_give(badge: str) -> None:
    assert claims(token(badge=badge)).badge == badge
