"""Who has a second factor, who must have one, and what an operator does for who lost it."""

from typing import Final

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest

from comments import env
from comments.accounts.sessions import end_all
from comments.audit.models import Action
from comments.audit.services import Gesture, action

FACTORS: Final = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)  # recovery codes alone are none


def has_second_factor(user: User) -> bool:
    return bool(Authenticator.objects.filter(user=user, type__in=FACTORS).exists())


def lacks_second_factor(request: HttpRequest) -> bool:
    """Whether the operator demands a second factor and the account that asks has none. Whoever has one has
    used it: a session that began without ends when its account gets its first (accounts.pages)."""
    user = request.user
    return env.require_second_factor() and isinstance(user, User) and not has_second_factor(user)


def remove_second_factor(user: User, gesture: Gesture) -> bool:
    """For somebody who lost it: the password alone lets them in again, and whoever is in now is not any
    more. False where there was none. Stands in the audit, for those who see what is of no site."""
    with transaction.atomic():
        had = Authenticator.objects.filter(user=user)
        kinds = sorted({str(kind) for kind in had.values_list("type", flat=True)})
        if not kinds:
            return False
        had.delete()
        action(
            gesture,
            Action.Kind.FACTOR,
            None,
            before={"account": user.username, "second_factor": kinds},
            after={"account": user.username, "second_factor": []},
        ).save()
        end_all(user)
    return True
