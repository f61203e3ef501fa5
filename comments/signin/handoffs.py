"""What a popup has finished, on its way to the frame that opened it.

The popup knows the challenge, the frame alone the verifier that it was made of. What the popup says to the
frame opens nothing to whoever hears it, and the challenge opens nothing by itself.
"""

from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import randbelow, token_urlsafe
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.crypto import constant_time_compare, salted_hmac

from comments.errors import HandoffRefused, NotFound
from comments.identity.members import Profile
from comments.identity.models import Session
from comments.signin.models import Handoff
from comments.sites.models import Site

CODE_LIFETIME: Final = timedelta(minutes=2)  # the frame takes it at once
DIGITS_LIFETIME: Final = timedelta(minutes=10)  # somebody reads them and types them
BEGUN_LIFETIME: Final = timedelta(minutes=15)  # from what a session wants to add, to the popup's end
TRIES_MAX: Final = 5
_SALT: Final = "kibitz.handoff"


def begin_adding(session: Session, challenge: str, *, now: datetime) -> None:
    """What the popup of this challenge will bring is for the author of this session, to be added to their
    ways in, and good for nothing else. Raises HandoffRefused for a challenge that there was before."""
    try:
        with transaction.atomic():
            Handoff.objects.create(
                site_id=session.author.site_id,
                session=session,
                challenge=challenge,
                profile={},
                created=now,
                expires=now + BEGUN_LIFETIME,
            )
    except IntegrityError as error:
        raise HandoffRefused() from error


def session_adding(site: Site, challenge: str, *, now: datetime) -> Session | None:
    """Whose popup it is that adds a way in by this challenge, while it does; None for one that signs in.
    Raises NotFound where it was to add one, and does not any more."""
    found = Handoff.objects.select_related("session__author").filter(site=site, challenge=challenge).first()
    if found is None or found.session is None:
        return None
    if found.code_digest or found.expires <= now:
        raise NotFound()
    return found.session


def make_handoff(
    site: Site, challenge: str, profile: Profile, *, now: datetime, adds: bool = False
) -> tuple[str, str]:
    """The code that the popup hands to its opener, and the digits that it shows where it has none. Raises
    HandoffRefused where somebody came back for this challenge before, and where it `adds` to a session that
    is over."""
    code, digits = token_urlsafe(32), f"{randbelow(1_000_000):06}"
    brought = {
        "code_digest": _code_digest(code),
        "digits_digest": _digits_digest(challenge, digits),
        "profile": profile.to_json(),
        "created": now,
        "expires": now + DIGITS_LIFETIME,
    }
    if adds:
        begun = Handoff.objects.filter(site=site, challenge=challenge, session__isnull=False, code_digest="")
        if not begun.filter(expires__gt=now).update(**brought):
            raise HandoffRefused()
        return code, digits
    try:
        with transaction.atomic():
            Handoff.objects.create(site=site, challenge=challenge, **brought)
    except IntegrityError as error:
        raise HandoffRefused() from error
    return code, digits


def redeem(
    site: Site,
    verifier: str,
    *,
    code: str = "",
    digits: str = "",
    session: Session | None = None,
    now: datetime,
) -> Profile:
    """Who came back, for whoever has the verifier and either the code or the digits; once. What was begun to
    be added is for the `session` that began it alone, and what was begun to sign in for none. Raises
    HandoffRefused, and says no more of why than that."""
    challenge = challenge_of(verifier)
    waiting = Handoff.objects.filter(site=site, session=session, challenge=challenge, is_used=False)
    # Counted before it is looked at, so that many tries at once are no more than those.
    if not waiting.filter(expires__gt=now, tries__lt=TRIES_MAX).update(tries=F("tries") + 1):
        raise HandoffRefused()
    handoff = waiting.first()
    if handoff is None or not _is_right(handoff, code, digits, now):
        raise HandoffRefused()
    if not waiting.filter(pk=handoff.pk).update(is_used=True):
        raise HandoffRefused()  # another call was faster
    return Profile(**handoff.profile)


def challenge_of(verifier: str) -> str:
    """As RFC 7636 makes it: S256."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _is_right(handoff: Handoff, code: str, digits: str, now: datetime) -> bool:
    if code:
        is_fresh = now < handoff.created + CODE_LIFETIME
        return constant_time_compare(handoff.code_digest, _code_digest(code)) and is_fresh
    return bool(digits) and constant_time_compare(
        handoff.digits_digest, _digits_digest(handoff.challenge, digits)
    )


def _code_digest(code: str) -> str:
    return sha256(code.encode()).hexdigest()


def _digits_digest(challenge: str, digits: str) -> str:
    """Keyed, for of six digits a plain hash keeps no secret."""
    return salted_hmac(_SALT, f"{challenge} {digits}", algorithm="sha256").hexdigest()
