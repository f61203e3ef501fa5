"""Fetches members' pictures from where they are said to be, so that no reader's browser has to."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from comments import env
from comments.errors import Invalid, NoPicture, Unavailable
from comments.events.working import Worker
from comments.screening.calls import Bounds, CallFailed, get
from comments.signin.models import Avatar
from comments.signin.pictures import MAX_BYTES, small_webp, version_of

logger = logging.getLogger(__name__)

LOOK_SECONDS: Final = 5.0  # a picture is in no hurry
AT_ONCE: Final = 4  # one after the other
SECONDS: Final = 5.0
LEASE: Final = timedelta(seconds=60)  # longer than AT_ONCE pictures take
PAUSES: Final = (timedelta(minutes=1), timedelta(minutes=30))  # before another try
GRAVATAR_SECONDS: Final = 3.0  # for somebody waits
_gravatars: Final = threading.BoundedSemaphore(2)  # at once: waiting must not take all of a server's threads
_ACCEPT: Final = {"Accept": "image/webp,image/jpeg,image/png,image/gif", "User-Agent": "Kibitz"}


class PictureFetcher:
    """Fetches what is due until it is told to stop. A row is all that there is to it, as with checks."""

    def __init__(self, *, now: Callable[[], datetime] = timezone.now) -> None:
        self._now = now
        self.run = Worker("pictures", self.look_and_go_on, every_seconds=LOOK_SECONDS).run

    def look_and_go_on(self) -> None:
        """Fetches all that is due."""
        while self.look():
            pass

    def look(self) -> int:
        """Fetches some of what is due; how many those were."""
        taken = _take(self._now())
        for avatar in taken:
            self._fetch(avatar)
        return len(taken)

    def _fetch(self, avatar: Avatar) -> None:
        """What cannot be fetched is left: the author has the picture from before, or a drawn one. One that
        the author chose meanwhile stays."""
        mine = Avatar.objects.filter(pk=avatar.pk, wanted=avatar.wanted, tries=avatar.tries)
        try:
            image = small_webp(_got(avatar.wanted, SECONDS))
        except Invalid as error:
            logger.info("picture at %s: %s", _host(avatar.wanted), error.detail)
            mine.update(due=None)
        except CallFailed as failed:
            logger.info("picture: %s %s", _host(avatar.wanted), failed.fault)
            is_again = failed.may_pass and avatar.tries <= len(PAUSES)
            mine.update(due=self._now() + PAUSES[avatar.tries - 1] if is_again else None)
        else:
            mine.update(image=image, version=version_of(image), due=None, changed=self._now())


def gravatar_of(email: str) -> bytes:
    """The picture that the proved address has there, made anew; blocks for 3 s at most. Raises NoPicture
    where there is none, Unavailable where that cannot be said now."""
    digest = sha256(email.strip().lower().encode()).hexdigest()
    if not _gravatars.acquire(blocking=False):
        raise Unavailable("Gravatar is asked for too many at once. Try again in a moment.")
    try:
        return small_webp(_got(f"{env.gravatar_url()}/{digest}?d=404&s=192", GRAVATAR_SECONDS))
    except CallFailed as failed:
        if failed.status == 404:
            raise NoPicture() from failed
        logger.info("Gravatar %s", failed.fault)
        raise Unavailable("Gravatar does not answer as it should. Try again later.") from failed
    except Invalid as error:
        raise NoPicture("Gravatar has no picture for your e-mail address that can be used.") from error
    finally:
        _gravatars.release()


def _take(now: datetime) -> list[Avatar]:
    """Some that are due, which nobody else takes meanwhile."""
    due = Avatar.objects.filter(due__lte=now)
    with transaction.atomic():
        taken = list(due.order_by("due", "pk").select_for_update(skip_locked=True).defer("image")[:AT_ONCE])
        Avatar.objects.filter(pk__in=[avatar.pk for avatar in taken]).update(
            due=now + LEASE, tries=F("tries") + 1
        )
    for avatar in taken:
        avatar.tries += 1
    return taken


def _got(url: str, seconds: float) -> bytes:
    bounds = Bounds(seconds, MAX_BYTES, may_be_private=env.external_may_be_private())
    return get(url, _ACCEPT, bounds).body


def _host(url: str) -> str:
    """What a log may know of an address, which can have a token in it."""
    return url.partition("://")[2].partition("/")[0][:100]
