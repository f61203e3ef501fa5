"""What the database says about the pipeline: how much was accepted, and what is not published yet."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count, Min, Sum

from comments.events.models import Event
from comments.mail.models import Mail
from comments.threads.models import Post, Thread

# How long a count is good for: so long that counting takes a hundredth of the time, and 10 s at least. Of a
# million posts in 10,000 threads it takes 4 ms on SQLite and 140 ms on PostgreSQL, beside other work.
COUNT_AGAIN_SECONDS: Final = 10.0
COUNT_AGAIN_FACTOR: Final = 100.0


@dataclass(frozen=True, slots=True)
class Accepted:
    """Posts that were accepted and events that were written, ever."""

    posts: int
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Rows that wait; `oldest` is when the first was written."""

    oldest: datetime | None

    def oldest_seconds(self, now: datetime) -> float:
        """The age of the oldest; 0 where there is none."""
        return max(0.0, (now - self.oldest).total_seconds()) if self.oldest else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpublished(Waiting):
    """Event rows that are not marked as published."""

    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MailOnItsWay(Waiting):
    """`waiting` is for a worker or for the mail server; `failed` was tried in vain, within the week for
    which that is kept (mail.services.KEEP)."""

    waiting: int
    failed: int


def count_accepted() -> Accepted:
    """Counts every post, and adds up the threads' numbers, for their events are numbered densely; old events
    are forgotten, the numbers stay. Goes over both tables."""
    posts = Post.objects.count()
    return Accepted(posts, Thread.objects.aggregate(events=Sum("seq"))["events"] or 0)


def unpublished() -> Unpublished:
    """From the index of these rows alone."""
    waiting = Event.objects.filter(is_done=False)
    oldest = waiting.order_by("pk").values_list("created", flat=True).first()
    return Unpublished(events=waiting.count(), oldest=oldest)


def mail_on_its_way() -> MailOnItsWay:
    """From the indexes of these rows alone. What gave way to a newer code untried is no failure."""
    found = Mail.objects.filter(state=Mail.State.WAITING).aggregate(
        waiting=Count("pk"), oldest=Min("created")
    )
    failed = Mail.objects.filter(state=Mail.State.FAILED, tries__gt=0).count()
    return MailOnItsWay(**found, failed=failed)


class Remembered:
    """`count_accepted` for those who ask often: some seconds old, or more where counting takes long."""

    def __init__(
        self,
        count: Callable[[], Accepted] = count_accepted,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._count = count
        self._clock = clock
        self._lock = threading.Lock()  # one counts, the others wait for it
        self._counted: Accepted | None = None
        self._good_until = 0.0

    def __call__(self) -> Accepted:
        with self._lock:
            if self._counted is None or self._clock() >= self._good_until:
                began = self._clock()
                self._counted = self._count()
                now = self._clock()
                self._good_until = now + max(COUNT_AGAIN_SECONDS, COUNT_AGAIN_FACTOR * (now - began))
            return self._counted


accepted = Remembered()
