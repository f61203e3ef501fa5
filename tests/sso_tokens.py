"""Tokens for single sign-on, signed by hand, as a forger does it."""

import base64
import json
import time
from collections.abc import Callable
from hashlib import sha256
from hmac import new as hmac
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.cast import ORIGIN

SECRET = "a secret that both of us know, and nobody else"
PRIVATE = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PEM = PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


RAW = encoded(PRIVATE.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
JWK = json.dumps({"kty": "OKP", "crv": "Ed25519", "x": RAW})


def by_secret(said: bytes, secret: str = SECRET) -> bytes:
    return hmac(secret.encode(), said, sha256).digest()


def token(sign: Callable[[bytes], bytes] = by_secret, /, alg: object = "HS256", **but: object) -> str:
    """Signed by hand, as a forger does it; `but` are claims, `...` for one that is not there."""
    now = int(time.time())
    claims: dict[str, object] = {"iss": ORIGIN, "aud": "blog", "sub": "7", "iat": now, "exp": now + 60}
    claims |= {"jti": str(uuid4()), "name": "Ann", **but}
    told = {name: value for name, value in claims.items() if value is not ...}
    return signed(json.dumps({"alg": alg, "typ": "JWT"}).encode(), json.dumps(told).encode(), sign)


def signed(header: bytes, payload: bytes, sign: Callable[[bytes], bytes] = by_secret) -> str:
    said = f"{encoded(header)}.{encoded(payload)}"
    return f"{said}.{encoded(sign(said.encode()))}"
