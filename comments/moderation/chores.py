"""What is done once a minute beside the sweeper's own work: old threads close, old secrets are forgotten, and
once an hour spam filters learn."""

import logging
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.db import DatabaseError, InterfaceError
from django.db.models import Exists, OuterRef
from django.utils import timezone

from comments import env
from comments.identity.models import Author
from comments.moderation.models import ErasedText
from comments.signin.forgetting import forget_past_sign_ins
from comments.threads.closing import BATCH, close_old_threads
from comments.threads.models import Post

logger = logging.getLogger(__name__)

EVERY_SECONDS: Final = 60.0
TRAIN_EVERY_SECONDS: Final = 3_600.0
TRAIN: Final = (sys.executable, str(env.BASE_DIR / "manage.py"), "train_spam", "--due")
POSTS_AT_ONCE: Final = 5_000
TEXTS_AT_ONCE: Final = 1_000
AUTHORS_AT_ONCE: Final = 2_000
GUESTS_EVERY_SECONDS: Final = 86_400.0


class Chores:
    """To be called twice a second: once a minute it does a batch of everything, and where a batch was full
    the next one with the next call. Never raises what the database does: events are more urgent."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime] = timezone.now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now, self._monotonic = now, monotonic
        self._due = 0.0
        self._train_at = self._monotonic() + TRAIN_EVERY_SECONDS
        self._training: subprocess.Popen[bytes] | None = None
        self._guests_seen, self._guests_due = 0, 0.0
        self._without_address = 0  # posts up to this number are known to have none any more

    def __call__(self) -> None:
        if self._monotonic() < self._due:
            return
        try:
            is_more = self.do()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("chores: %s", error)
            is_more = False
        if not is_more:
            self._due = self._monotonic() + EVERY_SECONDS

    def do(self) -> bool:
        """One batch of everything; whether there is more to do."""
        now = self._now()
        self._train()
        closed = close_old_threads(now)
        forgotten = forget_erased_texts(now)
        is_more = [closed == BATCH, forgotten == TEXTS_AT_ONCE, forget_past_sign_ins(now)]
        return any([self._forget_addresses(now), self._forget_guests_emails(now), *is_more])

    def _train(self) -> None:
        """In a process of its own: it takes seconds of a core, and events are more urgent."""
        if self._training is not None and self._training.poll() is None:
            return
        if self._monotonic() >= self._train_at:
            self._train_at = self._monotonic() + TRAIN_EVERY_SECONDS
            self._training = subprocess.Popen(TRAIN)

    def _forget_addresses(self, now: datetime) -> bool:
        """Takes the addresses of old posts away. Walks along the posts' numbers, once, and waits at the first
        that is young: an index of addresses would cost every post something."""
        oldest = now - timedelta(days=env.address_retention_days())
        rows = Post.objects.filter(pk__gt=self._without_address).order_by("pk")
        chunk = list(rows.values_list("pk", "created", "address")[:POSTS_AT_ONCE])
        if not chunk:
            return False
        old = Post.objects.filter(pk__gt=self._without_address, pk__lte=chunk[-1][0])
        old.filter(created__lt=oldest, address__isnull=False).update(address=None)
        for pk, created, address in chunk:
            if address is not None and created >= oldest:
                return False
            self._without_address = pk
        return len(chunk) == POSTS_AT_ONCE

    def _forget_guests_emails(self, now: datetime) -> bool:
        """Takes the addresses of guests away who have not written for long. Once a day it walks along all who
        are not younger than that: who wrote last when is in no index, nor need it be."""
        if self._monotonic() < self._guests_due:
            return False
        oldest = now - timedelta(days=env.guest_email_retention_days())
        rows = Author.objects.filter(pk__gt=self._guests_seen, created__lt=oldest).order_by("pk")
        chunk = list(rows.values_list("pk", flat=True)[:AUTHORS_AT_ONCE])
        if chunk:
            guests = Author.objects.filter(pk__gt=self._guests_seen, pk__lte=chunk[-1], is_member=False)
            lately = Post.objects.filter(author=OuterRef("pk"), created__gte=oldest)
            guests.exclude(email="").filter(~Exists(lately), created__lt=oldest).update(email="")
            self._guests_seen = chunk[-1]
        if len(chunk) == AUTHORS_AT_ONCE:
            return True
        self._guests_seen, self._guests_due = 0, self._monotonic() + GUESTS_EVERY_SECONDS
        return False


def forget_erased_texts(now: datetime) -> int:
    """Deletes up to 1,000 texts whose deletion cannot be undone any more; how many."""
    past = ErasedText.objects.filter(until__lt=now).order_by("until").values_list("pk", flat=True)
    return ErasedText.objects.filter(pk__in=list(past[:TEXTS_AT_ONCE])).delete()[0]
