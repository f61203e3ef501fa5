"""Forgets, once an hour, the sessions and the counts of logins whose time is over: they hold addresses."""

import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import DatabaseError, InterfaceError
from django.utils import timezone

from comments.accounts.models import CacheEntry

logger = logging.getLogger(__name__)

EVERY_SECONDS: Final = 3_600.0


class AccountChores:
    """To be called often. Never raises what the database does: events are more urgent."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._due = 0.0

    def __call__(self) -> None:
        if self._monotonic() < self._due:
            return
        self._due = self._monotonic() + EVERY_SECONDS
        try:
            forget_what_is_over(timezone.now())
        except (DatabaseError, InterfaceError) as error:
            logger.warning("chores of accounts: %s", error)


def forget_what_is_over(now: datetime) -> None:
    Session.objects.filter(expire_date__lt=now).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    CacheEntry.objects.filter(expires__lt=now).delete()
