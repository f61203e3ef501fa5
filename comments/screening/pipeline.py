"""The phases that whatever is written goes through."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import DatabaseError, InterfaceError

from comments.identity.models import Author
from comments.screening.history import forget_said
from comments.screening.models import REASON_MAX_CHARS, HeldFor
from comments.screening.phases.mode import MODE
from comments.screening.phases.phase import Phase
from comments.screening.phases.repeats import REPEATS
from comments.screening.rules import Rules, rules_of
from comments.screening.settings import Settings
from comments.screening.submission import Kind, Outcome, Submission, Verdict
from comments.sites.models import Site
from comments.threads.models import Post, Thread

logger = logging.getLogger(__name__)

_GRAVITY: Final = {outcome: gravity for gravity, outcome in enumerate(Outcome)}  # PASS is the lightest


@dataclass(frozen=True, slots=True)
class Screening:
    """What all phases together say: the gravest outcome, and every verdict but those that pass."""

    outcome: Outcome = Outcome.PASS
    verdicts: Sequence[Verdict] = ()

    @property
    def is_held(self) -> bool:
        return bool(self.verdicts)


PASSED: Final = Screening()
WATCHED: Final = Verdict(Outcome.HOLD, "author", "The moderators watch this author")
OF_THREAD: Final = Verdict(
    Outcome.HOLD, MODE.name, "The thread shows nothing before a moderator has approved it"
)


def screen(submission: Submission, rules: Rules | None = None) -> Screening:
    """Sends it through its site's phases, or those of `rules`; the first that rejects is the last. A phase
    that fails holds. May ask Redis and the database; changes nothing in it.

    What a moderator writes is not screened; a trusted author is refused, never held, and a watched one always
    is held.
    """
    author = submission.author
    if author.staff_id is not None or (rules is None and submission.site.is_unlimited):
        return PASSED
    if rules is None:
        rules = rules_of(submission.site)
    verdicts = [WATCHED] if author.trust == Author.Trust.WATCHED else []
    for phase in rules.phases(submission.kind):
        verdict = _run(phase, submission, rules.settings)
        if verdict.outcome is Outcome.REJECT:
            return _screening([*verdicts, verdict])
        if verdict.outcome is not Outcome.PASS and author.trust != Author.Trust.TRUSTED:
            verdicts.append(verdict)
    return _screening(verdicts)


def in_thread(screening: Screening, kind: Kind, thread: Thread, author: Author) -> Screening:
    """The same in a thread that may have a mode of its own, which counts in place of the site's. The thread
    is known only under its lock."""
    if not thread.moderation or kind not in MODE.kinds:
        return screening
    verdicts = [verdict for verdict in screening.verdicts if verdict.phase != MODE.name]
    is_exempt = thread.site.is_unlimited or author.staff_id is not None
    if thread.moderation == Site.Moderation.PRE and not is_exempt and author.trust != Author.Trust.TRUSTED:
        verdicts.append(OF_THREAD)
    return _screening(verdicts)


def _screening(verdicts: list[Verdict]) -> Screening:
    if not verdicts:
        return PASSED
    outcomes = [verdict.outcome for verdict in verdicts]
    return Screening(max(outcomes, key=_GRAVITY.__getitem__), verdicts)


def forget(submission: Submission, screening: Screening) -> None:
    """What was screened is not stored after all: whoever tries again is not held for repeating it."""
    if submission.site.is_unlimited or REPEATS not in rules_of(submission.site).phases(submission.kind):
        return
    if not any(verdict.phase == REPEATS.name for verdict in screening.verdicts):  # else others said it before
        forget_said(submission)


def keep_reasons(post: Post, screening: Screening, *, now: datetime) -> None:
    """Stores why the post is held, in the caller's transaction."""
    HeldFor.objects.bulk_create(
        HeldFor(
            post=post,
            phase=verdict.phase,
            outcome=verdict.outcome,
            reason=verdict.reason.replace("\x00", "")[:REASON_MAX_CHARS],
            created=now,
        )
        for verdict in screening.verdicts
    )


def _run(phase: Phase, submission: Submission, settings: Settings) -> Verdict:
    try:
        return phase.run(submission, settings)
    except (DatabaseError, InterfaceError):
        raise  # it would be gone for the post, too
    except Exception:
        logger.exception("phase %s of site %s", phase.name, submission.site.key)
        return Verdict(Outcome.HOLD, phase.name, f"“{phase.title}” failed; the log has the reason")
