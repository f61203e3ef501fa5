"""Asks the services of sites what they say of posts, in the background, and does what they say.

A row (screening.models.Check) is all that there is to it: it is taken by putting it off, and gone when it is
done. So nothing is lost when this process dies, and two of them share the work.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import DatabaseError, InterfaceError, connections, transaction
from django.db.models import F
from django.utils import timezone

from comments.events.working import Worker
from comments.identity.models import Author
from comments.moderation.services import approve_post, hide_post, mark_as_spam
from comments.screening import akismet
from comments.screening.calls import CallFailed
from comments.screening.checks import WAKE
from comments.screening.models import Check, HeldFor
from comments.screening.phases.phase import Phase
from comments.screening.pipeline import Screening, keep_reasons
from comments.screening.rules import Rules, rules_of
from comments.screening.submission import Kind, Outcome, Submission, Verdict
from comments.sites.moderators import tell_moderators
from comments.threads.models import Post, Thread
from comments.threads.services import lock_post, withdraw_post

logger = logging.getLogger(__name__)

AT_ONCE: Final = 16
AT_ONCE_OF_SITE: Final = 4  # so that a service that hangs holds up nobody else's posts
LEASE: Final = timedelta(seconds=30)  # longer than all services of a site may take
PAUSES: Final = (timedelta(seconds=10), timedelta(seconds=60))  # before a fault is met by another try
_CANDIDATES: Final = 100


@dataclass(frozen=True, slots=True)
class Said:
    """What all services together say; `may_pass` where one was out of order and may not be for long."""

    verdict: Verdict
    may_pass: bool = False


class Checker:
    """Runs checks, each in a thread of its own, until it is told to stop; what is under way then is taken
    again by another after the lease."""

    def __init__(self, *, now: Callable[[], datetime] = timezone.now) -> None:
        self._now = now
        self._worker = Worker("checks", self.look, bell=WAKE)
        self.run = self._worker.run
        self._lock = threading.Lock()
        self._running: Counter[int] = Counter()  # by site

    def look(self) -> int:
        """Begins what is due and finds room; how many that were."""
        begun = 0
        while taken := self._take():
            for check in taken:
                threading.Thread(
                    target=self._run, args=[check], name=f"check-{check.pk}", daemon=True
                ).start()
            begun += len(taken)
        return begun

    def _take(self) -> Sequence[Check]:
        with self._lock:
            running = self._running.copy()
        room = AT_ONCE - running.total()
        full = [site for site, count in running.items() if count >= AT_ONCE_OF_SITE]
        if room <= 0:
            return []
        taken = take(self._now(), room=room, running=running, full=full)
        with self._lock:
            self._running.update(check.site_id for check in taken)
        return taken

    def _run(self, check: Check) -> None:
        try:
            carry_out(check, now=self._now)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("check of post %s: %s", check.post_id, error)  # taken again after the lease
        except Exception:
            logger.exception("check of post %s", check.post_id)
        finally:
            connections.close_all()
            with self._lock:
                self._running[check.site_id] -= 1
            self._worker.woken.set()


def take(
    now: datetime, *, room: int, running: Counter[int] | None = None, full: Sequence[int] = ()
) -> list[Check]:
    """Up to `room` checks that are due, which nobody else takes meanwhile, and not too many of one site."""
    counts = Counter[int](running or {})
    due = Check.objects.filter(next_try__lte=now).exclude(site__in=full)
    wanted: list[int] = []
    for pk, site in due.order_by("next_try", "pk").values_list("pk", "site")[:_CANDIDATES]:
        if len(wanted) < room and counts[site] < AT_ONCE_OF_SITE:
            counts[site] += 1
            wanted.append(pk)
    if not wanted:
        return []
    with transaction.atomic():  # a writer's from the start on SQLite, where nothing can be skipped
        rows = due.filter(pk__in=wanted).select_for_update(skip_locked=True)
        taken = list(rows)
        Check.objects.filter(pk__in=[check.pk for check in taken]).update(
            next_try=now + LEASE, tries=F("tries") + 1
        )
    for check in taken:
        check.tries += 1
    return taken


def carry_out(check: Check, *, now: Callable[[], datetime] = timezone.now) -> None:
    """Asks, and does what was said. No transaction is open while it asks."""
    post = Post.objects.select_related("thread__site", "author").filter(pk=check.post_id).first()
    if post is not None and check.report:
        _tell_akismet(check, post, now())
        return
    if post is None or not _is_awaited(post, check):
        Check.objects.filter(pk=check.pk, tries=check.tries).delete()
        return
    rules = rules_of(post.thread.site)
    said = ask(_submission(check, post, now()), rules)
    settle(check, post.body, said, now=now())


def _tell_akismet(check: Check, post: Post, now: datetime) -> None:
    """What cannot be told is tried twice more and then left: it changes nothing here."""
    key = rules_of(post.thread.site).settings.fields.akismet_key
    rows = Check.objects.filter(pk=check.pk, tries=check.tries)
    try:
        if key and post.body:
            akismet.report(_submission(check, post, now), is_spam=check.report == "spam", key=key)
    except CallFailed as failed:
        logger.info("Akismet %s", failed.fault)
        if failed.may_pass and check.tries <= len(PAUSES):
            rows.update(next_try=now + PAUSES[check.tries - 1])
            return
    rows.delete()


def ask(submission: Submission, rules: Rules) -> Said:
    """The first service that does not pass it has the last word. Raises nothing."""
    for phase in rules.checks(submission.kind):
        try:
            verdict = _asked(phase, submission, rules)
        except CallFailed as failed:
            reason = f"{phase.title} {failed.fault}"
            return Said(Verdict(Outcome.HOLD, phase.name, reason), may_pass=failed.may_pass)
        if verdict.outcome is not Outcome.PASS:
            return Said(verdict)
    return Said(Verdict(Outcome.PASS, ""))


def settle(check: Check, body: str, said: Said, *, now: datetime) -> bool:
    """Does what was said of this text, once: False where somebody else did it, the text is another one by
    now, or a moderator has decided."""
    with transaction.atomic():
        post = Post.objects.filter(pk=check.post_id).first()
        if post is None:
            return False
        thread, post = lock_post(post)
        rows = Check.objects.filter(pk=check.pk, tries=check.tries)
        if not rows.exists():
            return False
        if not _is_awaited(post, check):
            rows.delete()
            return False
        if post.body != body:
            rows.update(next_try=now, tries=0)
            return False
        verdict = said.verdict
        HeldFor.objects.filter(post=post, phase=verdict.phase).delete()  # an earlier try's
        if verdict.outcome is not Outcome.PASS:
            keep_reasons(post, Screening(verdict.outcome, [verdict]), now=now)
        if said.may_pass and check.tries <= len(PAUSES):
            rows.update(next_try=now + PAUSES[check.tries - 1])
        else:
            rows.delete()
        _do(verdict.outcome, thread, post, now)
    return True


def _do(outcome: Outcome, thread: Thread, post: Post, now: datetime) -> None:
    """Under the thread's lock."""
    match outcome:
        case Outcome.PASS:
            if post.status == Post.Status.PENDING:
                approve_post(post, now=now)
        case Outcome.REJECT:
            hide_post(post, now=now)
        case Outcome.SPAM:
            mark_as_spam(post, now=now)
        case Outcome.HOLD:
            if post.status == Post.Status.PUBLISHED:
                post.status = Post.Status.PENDING
                withdraw_post(thread, post, "post.hidden", now=now)
                post.save(update_fields=["status", "seq"])
            tell_moderators(thread.site_id, {"entered": [post.pk], "queue": post.status})


def _is_awaited(post: Post, check: Check) -> bool:
    """Whether nobody has decided meanwhile. An edited post stays public until something is said against its
    new text."""
    is_public_edit = check.kind == Kind.EDIT and post.status == Post.Status.PUBLISHED
    return post.status == Post.Status.PENDING or is_public_edit


def _asked(phase: Phase, submission: Submission, rules: Rules) -> Verdict:
    if phase.check is None:
        return Verdict(Outcome.PASS, phase.name)
    try:
        return phase.check(submission, rules.settings)
    except CallFailed:
        raise
    except Exception as error:
        logger.exception("phase %s of site %s", phase.name, submission.site.key)
        raise CallFailed("could not be asked; the log has the reason") from error


def _submission(check: Check, post: Post, now: datetime) -> Submission:
    author = post.author or Author(site=post.thread.site, name=post.author_name)
    return Submission(
        kind=Kind(check.kind),
        site=post.thread.site,
        thread_key=post.thread.key,
        page_url=post.thread.url,
        author=author,
        name=post.author_name,
        email=author.email,
        body=post.body,
        now=now,
        is_reply=post.parent_id is not None,
        post_id=post.pk,
        address=check.address,
        user_agent=check.user_agent,
        html=post.html,
    )
