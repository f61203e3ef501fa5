"""Six digits that went to an e-mail address: who types them has it, and signs in or adds it to an account.

Nothing here looks at authors before the digits are right, so that nobody learns who has written here.
"""

import hmac
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil
from secrets import randbelow
from typing import Final, Literal
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from comments.errors import CodeExpired, Invalid, MailOff, NotFound, Throttled, WrongCode
from comments.identity.members import add_identity, member_by_email
from comments.identity.models import Author, Session
from comments.mail.models import Mail
from comments.mail.server import reaches_people
from comments.mail.services import enqueue, give_up
from comments.rest.throttles import check_rate, counted, forget
from comments.signin.models import EmailCode
from comments.sites.models import Site

LIFETIME: Final = timedelta(minutes=10)
RESEND_AFTER: Final = timedelta(seconds=30)
TRIES_MAX: Final = 5
DIGITS: Final = 6
# A mail that has not left by then is late for somebody who waits for it; it is still tried.
LATE_AFTER: Final = timedelta(seconds=15)
State = Literal["waiting", "sent", "failed"]

_SALT: Final = "kibitz.email_code"
# What the mail's server is asked for, so no quoted names, no addresses in brackets and no bare hosts.
_ADDRESS: Final = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)
_LOCAL_MAX_CHARS: Final = 64  # RFC 5321, 4.5.3.1
EMAIL_MAX_CHARS: Final = 254


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a code goes. `email` is normal (identity.members) and is_address; `page` is the host on which it
    was asked for; `identity` is {"provider", "subject"} of a way in that joins when the code proves it;
    `session` is the one that alone may prove it, to add it to its author's account."""

    email: str
    name: str = ""
    language: str = "en"
    page: str = ""
    identity: dict[str, str] | None = None
    session: Session | None = None


def is_address(email: str) -> bool:
    """Whether mail can be sent there; of a normal one (identity.members)."""
    local, _, _ = email.rpartition("@")
    is_short = len(local) <= _LOCAL_MAX_CHARS and len(email) <= EMAIL_MAX_CHARS
    return is_short and _ADDRESS.fullmatch(email) is not None


def send_code(request: HttpRequest, site: Site, asked: Asked, *, now: datetime) -> EmailCode:
    """Leaves a mail with a new code, which ends those before it. Raises Throttled, the same whoever's the
    address is; MailOff where no mail leaves this machine."""
    if not reaches_people():
        raise MailOff()
    latest = _of(site, asked.email).filter(is_used=False).first()
    if latest is not None and now - latest.created < RESEND_AFTER:
        raise Throttled(ceil((latest.created + RESEND_AFTER - now).total_seconds()))
    also = counted("code_mailbox", "email", _mailbox(asked.email))
    if not site.is_unlimited:
        also += counted("code_site", "site", str(site.pk))
    check_rate("code", request, also=also)
    code, pk = f"{randbelow(10**DIGITS):0{DIGITS}}", uuid4()
    where = f"{site.name} ({asked.page})" if site.name and asked.page else site.name or asked.page or site.key
    # Nothing that a reader typed stands in it: else anybody could write to everybody in our name.
    context: dict[str, str | int] = {
        "code": code,
        "site": site.name or asked.page or site.key,
        "where": where,
        "minutes": int(LIFETIME.total_seconds() // 60),
    }
    with transaction.atomic():
        give_up(_of(site, asked.email).filter(mail__isnull=False).values_list("mail_id", flat=True))
        template = "code_to_add" if asked.session else "code"
        mail = enqueue(asked.email, template, asked.language, context, now=now, lifetime=LIFETIME)
        return EmailCode.objects.create(
            id=pk,
            site=site,
            session=asked.session,
            email=asked.email,
            name=asked.name,
            digest=_digest(pk, code),
            mail=mail,
            identity=asked.identity,
            created=now,
            expires=now + LIFETIME,
        )


def code_on(site: Site, pk: UUID) -> EmailCode:
    """Raises NotFound, for one of another site too."""
    found = EmailCode.objects.select_related("mail").filter(pk=pk, site=site).first()
    if found is None:
        raise NotFound()
    return found


def state_of(row: EmailCode, now: datetime) -> State:
    """Of its mail. `failed` may still become `sent`: the mail server is away, and the mail is late."""
    if row.mail is None or row.mail.state == Mail.State.FAILED:
        return "failed"
    if row.mail.state == Mail.State.SENT:
        return "sent"
    return "failed" if now - row.mail.created > LATE_AFTER else "waiting"


def prove(request: HttpRequest, row: EmailCode, code: str, *, guest: Author | None, now: datetime) -> Author:
    """The member whose address it is, who is let in. Raises as require_code and use_up do, and NotFound for
    a code that is to add an address."""
    if row.session_id is not None:
        raise NotFound()
    require_code(request, row, code, now=now)
    with transaction.atomic():
        use_up(row)
        author, _ = member_by_email(row.site, row.email, name=row.name, guest=guest)
        if row.identity:
            _join(author, row.identity)
    return author


def require_code(request: HttpRequest, row: EmailCode, code: str, *, now: datetime) -> None:
    """Counts a try, of five. Raises Invalid for what is no code, WrongCode, CodeExpired, Throttled."""
    digits = typed_digits(code)
    # Counted before it is known to be wrong, or many at once would all find room.
    tries = counted("code_tries", "email", _mailbox(row.email))
    check_rate("signin", request, also=tries)
    live = EmailCode.objects.filter(pk=row.pk, is_used=False, expires__gt=now, tries__lt=TRIES_MAX)
    latest = _of(row.site, row.email).first()
    if latest is None or latest.pk != row.pk or not live.update(tries=F("tries") + 1):
        raise CodeExpired()
    if not hmac.compare_digest(row.digest, _digest(row.pk, digits)):
        raise WrongCode() if live.exists() else CodeExpired()
    forget(tries)


def use_up(row: EmailCode) -> None:
    """Each code opens once. Raises CodeExpired."""
    if not EmailCode.objects.filter(pk=row.pk, is_used=False).update(is_used=True):
        raise CodeExpired()


def typed_digits(code: str) -> str:
    """Six ASCII digits, of what a keyboard in any script typed, with spaces or hyphens in it. Raises
    Invalid."""
    found = "".join(
        str(unicodedata.decimal(char, char)) for char in code if not char.isspace() and char not in "-‐‑–"
    )
    if len(found) != DIGITS or not found.isascii() or not found.isdigit():
        raise Invalid(fields={"code": ["Six digits."]})
    return found


def _join(author: Author, identity: dict[str, str]) -> None:
    try:
        with transaction.atomic():
            add_identity(author, identity["provider"], identity["subject"])
    except IntegrityError:
        pass  # it got an author while the code was on its way; the address is proved all the same


def _of(site: Site, email: str) -> QuerySet[EmailCode]:
    """The codes of an address, newest first; the newest alone is good."""
    return EmailCode.objects.filter(site=site, email=email).order_by("-created", "-pk")


def _digest(pk: UUID, code: str) -> str:
    return salted_hmac(_SALT, f"{pk}:{code}", algorithm="sha256").hexdigest()


def _mailbox(email: str) -> str:
    """What is counted as one address: `ann+1@…` is read by ann, and Redis need not know her."""
    local, _, domain = email.rpartition("@")
    return sha256(f"{local.partition('+')[0]}@{domain}".encode()).hexdigest()[:32]
