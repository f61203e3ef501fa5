"""Threads that are closed because they are old, where their site says so."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from comments.audit.models import Action
from comments.audit.services import Gesture, action
from comments.sites.models import Site
from comments.threads.models import Thread
from comments.threads.services import lock_against_posting, lock_thread

BATCH: Final = 100  # each is a transaction with an event; what else the process does waits meanwhile


def close_old_threads(now: datetime, *, limit: int = BATCH) -> int:
    """Closes up to `limit` open threads that are older than their site allows, the oldest first, live; how
    many. Those that a moderator opened again stay open."""
    closed = 0
    for site in Site.objects.filter(closes_after_days__gt=0).order_by("pk"):
        open_ones = Thread.objects.filter(site=site, is_locked=False, stays_open=False)
        old = open_ones.filter(created__lt=_days_before(now, site.closes_after_days))
        for pk in list(old.order_by("created").values_list("pk", flat=True)[: limit - closed]):
            closed += _close(pk, site, now)
        if closed >= limit:
            break
    return closed


def _close(thread_id: int, site: Site, now: datetime) -> bool:
    with transaction.atomic():
        thread = Thread.objects.select_related("site").get(pk=thread_id)
        lock_thread(thread)
        # Under the lock: a moderator may have opened it again a moment ago.
        if thread.is_locked or Thread.objects.filter(pk=thread.pk, stays_open=True).exists():
            return False
        lock_against_posting(thread, is_locked=True, now=now)
        reason = f"Older than {site.closes_after_days} days."
        action(
            Gesture(None, now, reason),
            Action.Kind.THREAD,
            site.pk,
            before={"is_locked": False},
            after={"is_locked": True},
            thread_id=thread.pk,
        ).save()
    return True


def _days_before(now: datetime, days: int) -> datetime:
    """A site may name more days than there were."""
    try:
        return now - timedelta(days=days)
    except OverflowError:
        return datetime.min.replace(tzinfo=now.tzinfo)
