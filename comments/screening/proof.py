"""Proof of work for what looks suspicious: a challenge that costs a phone a second or two, solved once.

The altcha library makes and verifies it: PBKDF2 of as many counters as it takes to find the signed one. Each
takes as long in a browser, whose own code computes it, as in a program that sends spam.
"""

import json
import secrets
from base64 import b64decode
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import redis
from django.utils.crypto import salted_hmac

from comments.events import request_redis
from comments.events.breaker import LeftAlone
from comments.rest.throttles import counted_address
from comments.sites.models import Site

EXPIRES_SECONDS: Final = 600
PROOF_MAX_CHARS: Final = 2_048  # twice what one takes
ALGORITHM: Final = "PBKDF2/SHA-256"
ITERATIONS: Final = 5_000  # 2 to 5 ms on a phone, 1 to 2 on a desktop; the server computes one of them
COUNTERS: Final = range(150, 450)  # which of them solves it: chosen at random, so nobody is very unlucky
_SITE: Final = "site"  # in what is signed

BUSY_SECONDS: Final = 600
BUSY_POSTS: Final = 5  # more from one address in that time look suspicious


def make_challenge(site: Site, *, now: datetime) -> dict[str, Any]:
    """What a browser is to solve, as altcha's clients know it."""
    import altcha  # costs 3 MB, in processes that may never need it

    challenge = altcha.create_challenge(
        ALGORITHM,
        ITERATIONS,
        counter=secrets.choice(COUNTERS),
        expires_at=int(now.timestamp()) + EXPIRES_SECONDS,
        data={_SITE: site.key},
        hmac_secret=_secret("challenge", site),
        hmac_key_secret=_secret("key", site),
    )
    made: dict[str, Any] = challenge.to_dict()
    return made


def is_proof(proof: str, site: Site) -> bool:
    """Whether somebody solved a challenge of this site, and nobody has used that before. Uses it up; without
    Redis it can be used again until it expires."""
    import altcha

    if not 0 < len(proof) <= PROOF_MAX_CHARS or not proof.isascii():
        return False
    try:
        payload = altcha.Payload.from_dict(json.loads(b64decode(proof, validate=True)))
        found = altcha.verify_solution(
            payload, _secret("challenge", site), hmac_key_secret=_secret("key", site)
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False  # made up by somebody
    return found.verified and _is_first_use(str(payload.challenge.signature))


def is_busy(site: Site, address: str) -> bool:
    """Counts a text of this address; whether there were many lately. Without Redis there were not."""
    key = f"kibitz:lately:{site.pk}:{counted_address(address)}"
    try:
        _, count = request_redis.ask(("SET", key, 0, "NX", "EX", BUSY_SECONDS), ("INCR", key))
    except (LeftAlone, redis.RedisError):
        return False
    return int(count) > BUSY_POSTS


def _is_first_use(signature: str) -> bool:
    key = f"kibitz:proof:{sha256(signature.encode()).hexdigest()[:32]}"
    try:
        [answer] = request_redis.ask(("SET", key, 1, "NX", "EX", EXPIRES_SECONDS))
    except (LeftAlone, redis.RedisError):
        return True
    return answer is not None


def _secret(purpose: str, site: Site) -> str:
    """Of this site alone: a solution counts nowhere else."""
    return salted_hmac(f"kibitz.proof.{purpose}", site.key, algorithm="sha256").hexdigest()
