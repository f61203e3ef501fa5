"""Single sign-on: what a token that the site signed for one of its readers says, if it may be believed."""

import json
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email

from comments.errors import InvalidSsoToken
from comments.identity.members import NAME_MAX_CHARS, normal_email
from comments.identity.staff_words import reads_like_staff
from comments.markup.plain import one_line
from comments.signin.models import SiteSignIn
from comments.sites.models import Site

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

TOKEN_MAX_CHARS: Final = 4_096
SECRET_MIN_BYTES: Final = 32  # RFC 7518, 3.2: as long as the hash
LIFE_MAX_SECONDS: Final = 300
LEEWAY_SECONDS: Final = 30  # by which the site's clock may differ
ID_MAX_CHARS: Final = 255
BADGE_MAX_CHARS: Final = 24
EMAIL_MAX_CHARS: Final = 254
AVATAR_MAX_CHARS: Final = 500
ROLES: Final = ("moderator", "owner")
_KEY_BYTES: Final = 32
_SECONDS_MAX: Final = 1e11  # in the year 5138; a datetime holds no more than 9999

_validate_https = URLValidator(schemes=["https"])


@dataclass(frozen=True, slots=True)
class Claims:
    """What the site says of its reader."""

    subject: str
    token_digest: str  # of its `jti`
    expires: datetime  # when the token is of no use to anybody
    name: str
    email: str
    is_email_verified: bool
    avatar_url: str
    badge: str
    role: str


def claims_of(token: str, site: Site, sign_in: SiteSignIn, *, now: datetime) -> Claims:
    """What a token says that the site signed, for itself, a moment ago. Whether it was used before is not
    looked at. Raises InvalidSsoToken, which tells the site's developer why and never what was in it."""
    said = _signed(token, sign_in)
    expires = _require_young(said, now=now)
    _require_ours(said, site, sign_in)
    role = _text(said, "role", 16)
    if role and role not in ROLES:
        raise InvalidSsoToken('The token\'s "role" is "moderator", "owner", or not there.')
    badge = one_line(_text(said, "badge", BADGE_MAX_CHARS))
    if badge and reads_like_staff(badge):
        raise InvalidSsoToken(
            'The token\'s "badge" reads like a moderator\'s or owner\'s. For those there is the claim "role".'
        )
    return Claims(
        subject=_id(said, "sub"),
        token_digest=sha256(_id(said, "jti").encode()).hexdigest(),
        expires=expires,
        name=one_line(_text(said, "name", ID_MAX_CHARS))[:NAME_MAX_CHARS].strip(),
        email=_email(said),
        is_email_verified=_is_email_verified(said),
        avatar_url=_avatar(said),
        badge=badge[:BADGE_MAX_CHARS].strip(),
        role=role,
    )


def public_key(text: str) -> "Ed25519PublicKey":
    """An Ed25519 public key: PEM, JWK, or its 32 bytes in base64url. Raises ValueError, which says why."""
    # Imported here: a library of megabytes, of which only sites that sign by a private key have need.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    text = text.strip()
    if "PRIVATE KEY" in text:
        raise ValueError(
            "This is the private key, which is the site's alone. Replace it, and give the public one."
        )
    if text.startswith("-----"):
        try:
            key = load_pem_public_key(text.encode())
        except (ValueError, UnsupportedAlgorithm) as error:
            raise ValueError("This is no public key in PEM.") from error
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError("This is the public key of another algorithm than Ed25519.")
        return key
    raw = _of_jwk(text) if text.startswith("{") else text
    try:
        found = urlsafe_b64decode(raw + "=" * (-len(raw) % 4))
    except (NotBase64, ValueError) as error:
        raise ValueError("This is no public key: neither PEM, nor JWK, nor base64url.") from error
    if len(found) != _KEY_BYTES:
        raise ValueError(f"An Ed25519 public key has {_KEY_BYTES} bytes, this has {len(found)}.")
    return Ed25519PublicKey.from_public_bytes(found)


def require_secret(text: str) -> None:
    """Raises ValueError, which says why it is none."""
    if len(text.encode()) < SECRET_MIN_BYTES:
        raise ValueError(f"A secret has {SECRET_MIN_BYTES} bytes at least.")
    if "-----BEGIN" in text or text.lstrip().startswith("{"):
        raise ValueError("This is a key, not a secret: everybody who has it could sign.")


def _of_jwk(text: str) -> str:
    try:
        jwk = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("This is no JWK.") from error
    if "d" in jwk:
        raise ValueError("This JWK has the private key in it, which is the site's alone. Replace it.")
    if (jwk.get("kty"), jwk.get("crv")) != ("OKP", "Ed25519") or not isinstance(jwk.get("x"), str):
        raise ValueError('This JWK is no Ed25519 public key: "kty" is "OKP", "crv" is "Ed25519".')
    return str(jwk["x"])


def _signed(token: str, sign_in: SiteSignIn) -> dict[str, Any]:
    """The claims under a signature by the site's one algorithm and key. The claims themselves are checked
    here, not by PyJWT, which fails at an `exp` of Infinity and says less of what is wrong."""
    import jwt  # here, because it imports cryptography: see public_key

    algorithm = sign_in.sso_algorithm
    try:
        if algorithm == SiteSignIn.Algorithm.EDDSA:
            key: Any = public_key(sign_in.sso_key)
        else:
            require_secret(sign_in.sso_key)
            key = sign_in.sso_key.encode()
    except ValueError as error:
        raise InvalidSsoToken(
            "The key in the site's settings is none: its owner has to set it anew."
        ) from error
    verifier = jwt.PyJWS(algorithms=[algorithm])
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") != algorithm:
            raise InvalidSsoToken(
                f"The token's algorithm is not {algorithm}, the one in the site's settings."
            )
        if "crit" in header or "b64" in header:
            raise InvalidSsoToken("The token has a critical extension, of which none is known.")
        payload = verifier.decode(token, key, algorithms=[algorithm])
        said = json.loads(payload, parse_constant=_no_number)
    except jwt.InvalidSignatureError as error:
        raise InvalidSsoToken("The token's signature is not by the key in the site's settings.") from error
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise InvalidSsoToken("The token is no JWT.") from error
    if not isinstance(said, dict):
        raise InvalidSsoToken("The token is no JWT: its claims are no JSON object.")
    return said


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _require_young(said: dict[str, Any], *, now: datetime) -> datetime:
    """Until when the token could be taken."""
    issued, expires, moment = _seconds(said, "iat"), _seconds(said, "exp"), now.timestamp()
    if expires + LEEWAY_SECONDS < moment:
        raise InvalidSsoToken('The token has expired: see its "exp", and the clock of the site\'s server.')
    if issued - LEEWAY_SECONDS > moment:
        raise InvalidSsoToken(
            'The token was issued in the future: see its "iat", and the clock of the site\'s server.'
        )
    if not 0 < expires - issued <= LIFE_MAX_SECONDS:
        raise InvalidSsoToken(f'The token\'s "exp" is at most {LIFE_MAX_SECONDS} seconds after its "iat".')
    if "nbf" in said and _seconds(said, "nbf") - LEEWAY_SECONDS > moment:
        raise InvalidSsoToken('The token is not valid yet: see its "nbf".')
    return datetime.fromtimestamp(expires, UTC) + timedelta(seconds=LEEWAY_SECONDS)


def _require_ours(said: dict[str, Any], site: Site, sign_in: SiteSignIn) -> None:
    # One that is for several sites could be used once on each.
    if said.get("aud") not in (site.key, [site.key]):
        raise InvalidSsoToken("The token's \"aud\" is not this site's key.")
    issuers = [sign_in.sso_issuer] if sign_in.sso_issuer else site.origins
    if said.get("iss") not in issuers:
        where = "the issuer in the site's settings" if sign_in.sso_issuer else "one of the site's origins"
        raise InvalidSsoToken(f'The token\'s "iss" is not {where}.')


def _seconds(said: dict[str, Any], name: str) -> float:
    value = said.get(name)
    if (
        not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value < _SECONDS_MAX
    ):  # NaN and Infinity are not
        raise InvalidSsoToken(f'The token\'s "{name}" is missing, or no number of seconds since 1970.')
    return float(value)


def _id(said: dict[str, Any], name: str) -> str:
    value = said.get(name)
    if (
        not isinstance(value, str)
        or not value.strip()
        or len(value) > ID_MAX_CHARS
        or not value.isprintable()
    ):
        raise InvalidSsoToken(
            f'The token\'s "{name}" is missing, or no text of 1 to {ID_MAX_CHARS} characters.'
        )
    return value


def _text(said: dict[str, Any], name: str, most: int) -> str:
    """ "" where the claim is not there."""
    value = said.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > most:
        raise InvalidSsoToken(f'The token\'s "{name}" is no text of at most {most} characters.')
    return value


def _email(said: dict[str, Any]) -> str:
    email = normal_email(_text(said, "email", EMAIL_MAX_CHARS))
    if email and not _passes(validate_email, email):
        raise InvalidSsoToken('The token\'s "email" is no e-mail address.')
    return email


def _is_email_verified(said: dict[str, Any]) -> bool:
    is_verified = said.get("email_verified", False)
    if not isinstance(is_verified, bool):
        raise InvalidSsoToken('The token\'s "email_verified" is true, false, or not there.')
    return is_verified and bool(said.get("email"))


def _passes(validator: Callable[[str], None], text: str) -> bool:
    """Null characters and lone surrogates pass Django's validators, and fail in the database."""
    try:
        validator(text)
    except ValidationError:
        return False
    return text.isprintable()


def _avatar(said: dict[str, Any]) -> str:
    url = _text(said, "avatar", AVATAR_MAX_CHARS)
    has_user = "@" in url.partition("//")[2].partition("/")[0]
    if url and (has_user or not _passes(_validate_https, url)):
        raise InvalidSsoToken('The token\'s "avatar" is no https address.')
    return url
