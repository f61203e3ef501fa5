"""What sign-ins leave behind is deleted when it is good for nothing any more."""

from datetime import datetime
from typing import Final

from comments.identity.models import Session
from comments.mail.services import FORGOTTEN_AT_ONCE, forget_old_mail
from comments.signin.models import EmailCode, Handoff, Passkey, UsedToken

_WITH_AN_END: Final = (EmailCode, Handoff, Passkey, UsedToken, Session)


def forget_past_sign_ins(now: datetime) -> bool:
    """Deletes up to 1,000 rows of each kind that have expired, and mail that is a week past; whether there
    may be more."""
    counts = [forget_old_mail(now)]
    for model in _WITH_AN_END:
        past = (
            model._default_manager.filter(expires__lte=now).order_by("expires").values_list("pk", flat=True)
        )
        counts.append(model._default_manager.filter(pk__in=list(past[:FORGOTTEN_AT_ONCE])).delete()[0])
    return max(counts) >= FORGOTTEN_AT_ONCE
