"""The sessions of members: a secret each, in a cookie of the frame's own partition, else a bearer token."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from http.cookies import Morsel
from secrets import token_urlsafe
from typing import Any, Final

from django.core import signing
from django.db.models import Q
from django.http import HttpResponseBase

from comments.errors import SignedOut
from comments.identity.models import Author, Session

# "__Host-": of this host alone, over https alone. The site's key follows, for one page may have two sites.
COOKIE_PREFIX: Final = "__Host-kibitz-"
BEARER_PREFIX: Final = "s."

COOKIE_IDLE: Final = timedelta(days=90)
BEARER_IDLE: Final = timedelta(days=7)
USED_EVERY: Final = timedelta(hours=1)  # how exactly it is known when a session was used
RENEW_AFTER: Final = timedelta(minutes=15)  # a bearer's secret is replaced by the first call after
GRACE: Final = timedelta(seconds=60)  # in which the one before is good: other calls may be on their way
TICKET_SECONDS: Final = 60
_SALT: Final = "kibitz.session"

# Python knows the attribute from 3.14 on, and Django sets what Python knows.
_morsel: Any = Morsel
_morsel._reserved.setdefault("partitioned", "Partitioned")
_morsel._flags.add("partitioned")


def begin(author: Author, *, provider: str, now: datetime) -> tuple[Session, str]:
    """A new session and its secret, for a cookie. `provider` is an Identity's, "" for an e-mail's code."""
    secret = token_urlsafe(32)
    session = Session.objects.create(
        author=author,
        digest=_digest(secret),
        renewed=now,
        created=now,
        used=now,
        expires=now + COOKIE_IDLE,
        provider=provider,
    )
    return session, secret


def ticket_for(session: Session) -> str:
    """What a frame whose cookie does not come back exchanges for a bearer token, within a minute."""
    return signing.dumps(session.pk, salt=_SALT)


def bearer_for(ticket: str, site_id: int, *, now: datetime) -> tuple[Session, str]:
    """The session that the ticket is of, and its bearer token; the cookie is good for nothing from then on.
    Raises SignedOut for a ticket that is old, was used, is of another site, or is none."""
    try:
        pk = signing.loads(ticket, salt=_SALT, max_age=TICKET_SECONDS)
    except signing.BadSignature as error:
        raise SignedOut() from error
    secret = token_urlsafe(32)
    changed = Session.objects.filter(pk=pk, author__site=site_id, is_bearer=False).update(
        digest=_digest(secret), is_bearer=True, renewed=now, used=now, expires=now + BEARER_IDLE
    )
    if not changed:
        raise SignedOut()
    return Session.objects.select_related("author__site").get(pk=pk), BEARER_PREFIX + secret


def by_cookies(secrets: Iterable[str], *, now: datetime) -> list[Session]:
    """The sessions that these cookies' secrets open, with their authors."""
    digests = [_digest(secret) for secret in secrets]
    found = Session.objects.select_related("author").filter(
        digest__in=digests, is_bearer=False, expires__gt=now
    )
    sessions = list(found)
    for session in sessions:
        if now - session.used > USED_EVERY:
            session.used, session.expires = now, now + COOKIE_IDLE
            session.save(update_fields=["used", "expires"])
    return sessions


def by_bearer(token: str, *, now: datetime) -> tuple[Session, str]:
    """The session that a bearer token opens, and the token to use from now on, "" for the same. A token that
    was replaced more than a minute ago by one that has been used is a stolen one, or its thief has the other:
    it ends the session. Raises SignedOut."""
    digest = _digest(token.removeprefix(BEARER_PREFIX))
    current = Session.objects.select_related("author").filter(is_bearer=True, expires__gt=now)
    # One look: between two the digests may change places.
    session = current.filter(Q(digest=digest) | Q(earlier_digest=digest)).first()
    if session is None:
        raise SignedOut()
    if session.digest != digest:
        if now - session.renewed > GRACE:
            if session.used > session.renewed:
                session.delete()
                raise SignedOut()
            # The other's answer may have got lost. It is the replaced one now, so of two who have one each,
            # the second who comes ends it.
            Session.objects.filter(pk=session.pk, digest=session.digest).update(
                digest=digest, earlier_digest=session.digest, renewed=now, used=now
            )
        return session, ""
    if now - session.renewed < RENEW_AFTER:
        if session.used <= session.renewed:  # it has arrived
            Session.objects.filter(pk=session.pk, digest=digest).update(used=now)
        return session, ""
    secret = token_urlsafe(32)
    renewed = Session.objects.filter(pk=session.pk, digest=digest).update(
        digest=_digest(secret), earlier_digest=digest, renewed=now, used=now, expires=now + BEARER_IDLE
    )
    return session, BEARER_PREFIX + secret if renewed else ""  # else another call was faster, and has it


def end(sessions: Iterable[Session]) -> None:
    """Signs out of these browsers."""
    Session.objects.filter(pk__in=[session.pk for session in sessions]).delete()


def end_all(author: Author) -> None:
    """Signs the author out everywhere."""
    author.sessions.all().delete()


def cookie_name(site_key: str) -> str:
    return COOKIE_PREFIX + site_key


def set_cookie(response: HttpResponseBase, site_key: str, secret: str) -> None:
    """The secret as a cookie that the frame alone gets back, on pages of the site where it is now."""
    _write_cookie(response, site_key, secret, int(COOKIE_IDLE.total_seconds()))


def drop_cookie(response: HttpResponseBase, site_key: str) -> None:
    _write_cookie(response, site_key, "", 0)


def _write_cookie(response: HttpResponseBase, site_key: str, secret: str, max_age: int) -> None:
    name = cookie_name(site_key)
    response.set_cookie(name, secret, max_age=max_age, path="/", secure=True, httponly=True, samesite="None")
    response.cookies[name]["partitioned"] = True


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
