"""Hands waiting mail to the mail server, in the background.

A row (mail.models.Mail) is all that there is to it: it is taken by putting it off. So nothing is lost when
this process dies, and two of them share the work.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum, auto
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException, SMTPServerDisconnected
from typing import Any, Final

from django.core.mail import get_connection
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from comments.events.working import Worker
from comments.mail.message import compose
from comments.mail.models import Mail
from comments.mail.services import WAKE

logger = logging.getLogger(__name__)

LEASE: Final = timedelta(
    seconds=120
)  # longer than a slow server takes for a mail, each answer within its 10 s
PAUSE_MAX: Final = timedelta(seconds=60)  # between tries; from 2 s on it doubles


class Outcome(Enum):
    SENT = auto()
    REFUSED = auto()  # for good
    PUT_OFF = auto()  # the server says so, of this mail
    AWAY = auto()  # the server


class Postman:
    """Sends one mail after the other until it is told to stop."""

    def __init__(self, *, now: Callable[[], datetime] = timezone.now) -> None:
        self._now = now
        self.run = Worker("mail", self.look, bell=WAKE).run

    def look(self) -> int:
        """Sends what is due, all over one connection; how much that was. Ends where the server is away."""
        if not Mail.objects.filter(state=Mail.State.WAITING).exists():
            return 0  # as a rule; on SQLite, what follows would hold up writers
        give_up_expired(self._now())
        sent = 0
        server: Any = None
        try:
            while mail := take(self._now()):
                is_fresh = server is None
                server = server or get_connection()
                outcome = send(mail, server)
                settle(mail, outcome, now=self._now(), at_once=not is_fresh)
                sent += outcome is Outcome.SENT
                if outcome is Outcome.AWAY:
                    _drop(server)
                    server = None
                    if is_fresh:
                        break
        finally:
            _close(server)
        return sent


def take(now: datetime) -> Mail | None:
    """The mail that is due first, which nobody else takes meanwhile."""
    due = Mail.objects.filter(state=Mail.State.WAITING, due__lte=now, expires__gt=now)
    with transaction.atomic():  # a writer's from the start on SQLite, where nothing can be skipped
        mail = due.select_for_update(skip_locked=True).order_by("due").first()
        if mail is not None:
            Mail.objects.filter(pk=mail.pk).update(due=now + LEASE, tries=F("tries") + 1)
            mail.tries += 1
    return mail


def send(mail: Mail, server: Any) -> Outcome:
    """Blocks for as long as the server thinks. No transaction is open meanwhile. Raises nothing."""
    try:
        message = compose(mail)
        message.connection = server
    except Exception:
        logger.exception("mail %s cannot be written", mail.pk)
        return Outcome.REFUSED
    try:
        server.open()
    except (OSError, UnicodeError) as error:  # SMTPException is an OSError, a host's name may be none
        logger.warning("mail server: %s", _said(error))
        return Outcome.AWAY
    try:
        message.send()
    except OSError as error:
        outcome = _outcome(error)
        logger.warning("mail %s, try %s, %s: %s", mail.pk, mail.tries, outcome.name.lower(), _said(error))
        return outcome
    except Exception as error:  # noqa: BLE001  what is no address or header is found on the way
        # Without its text and trace, in which the address stands.
        logger.error("mail %s cannot be sent: %s", mail.pk, type(error).__name__)
        return Outcome.REFUSED
    return Outcome.SENT


def settle(mail: Mail, outcome: Outcome, *, now: datetime, at_once: bool = False) -> None:
    """Writes down what came of it, unless somebody else has taken it meanwhile. `at_once`: a connection that
    has carried mail before is closed by servers that have had enough of it; another may do."""
    row = Mail.objects.filter(pk=mail.pk, tries=mail.tries, state=Mail.State.WAITING)
    match outcome:
        case Outcome.SENT:
            row.update(state=Mail.State.SENT, context={})
        case Outcome.REFUSED:
            row.update(state=Mail.State.FAILED, context={})
        case Outcome.AWAY if at_once:
            row.update(due=now)
        case _:
            row.update(due=now + pause(mail.tries))


def pause(tries: int) -> timedelta:
    """Before the next try, after so many."""
    return min(timedelta(seconds=2 ** min(tries, 10)), PAUSE_MAX)


def give_up_expired(now: datetime) -> None:
    Mail.objects.filter(state=Mail.State.WAITING, expires__lte=now).update(
        state=Mail.State.FAILED, context={}
    )


def _outcome(error: Exception) -> Outcome:
    if isinstance(error, SMTPRecipientsRefused):
        return _by_code(next(iter(error.recipients.values()))[0])
    if isinstance(error, SMTPResponseException):
        return _by_code(error.smtp_code)
    # SMTPException is an OSError, too: what is none of smtplib's own is the network's.
    is_gone = isinstance(error, SMTPServerDisconnected) or not isinstance(error, SMTPException)
    return Outcome.AWAY if is_gone else Outcome.REFUSED


def _by_code(code: int) -> Outcome:
    if code == 421:  # the server hangs up
        return Outcome.AWAY
    return Outcome.PUT_OFF if 400 <= code < 500 else Outcome.REFUSED


def _said(error: Exception) -> str:
    """Without the address, which is nobody's in a log."""
    if isinstance(error, SMTPRecipientsRefused):
        return f"the server answers {next(iter(error.recipients.values()))[0]} to the recipient"
    if isinstance(error, SMTPResponseException):
        return f"the server answers {error.smtp_code}"
    return f"{type(error).__name__}: {error}"


def _drop(server: Any) -> None:
    """Hangs up without a word, which a server that hangs would take ten seconds to hear."""
    for name in ("connection", "_partial_connection"):
        if (connection := getattr(server, name, None)) is not None:
            connection.close()
            setattr(server, name, None)


def _close(server: Any) -> None:
    try:
        if server is not None:
            server.close()
    except OSError:
        _drop(server)
