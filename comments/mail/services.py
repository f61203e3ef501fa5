"""Mail is left to a worker (mail.worker): no request waits for a mail server."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from django.db import transaction

from comments.events.waking import ring
from comments.mail.models import Mail

WAKE: Final = "kibitz:mail"
KEEP: Final = timedelta(days=7)  # that a mail was sent, or could not be; what was in it is forgotten at once
FORGOTTEN_AT_ONCE: Final = 1_000


def enqueue(
    to: str,
    template: str,
    language: str,
    context: Mapping[str, str | int],
    *,
    now: datetime,
    lifetime: timedelta,
) -> Mail:
    """Leaves a mail, in the caller's transaction; a worker begins when that commits and tries for `lifetime`.
    `template` names those in templates/mail and the texts in texts/; `language` is one of those there."""
    mail = Mail.objects.create(
        to=to,
        template=template,
        language=language,
        context=dict(context),
        due=now,
        expires=now + lifetime,
        created=now,
    )
    transaction.on_commit(partial(ring, WAKE), robust=True)
    return mail


def give_up(ids: Iterable[UUID]) -> None:
    """Those of these mails that have not left yet stay here."""
    Mail.objects.filter(pk__in=list(ids), state=Mail.State.WAITING).update(
        state=Mail.State.FAILED, context={}
    )


def forget_old_mail(now: datetime) -> int:
    """Deletes up to 1,000 rows that are a week past; how many."""
    past = Mail.objects.filter(expires__lt=now - KEEP).order_by("expires").values_list("pk", flat=True)
    return Mail.objects.filter(pk__in=list(past[:FORGOTTEN_AT_ONCE])).delete()[0]
