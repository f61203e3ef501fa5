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
from comments.screening.submission import Outcome, Submission, Verdict
from comments.sites.models import Site
from comments.threads.models import Post

logger = logging.getLogger(__name__)

_GRAVITY: Final = {outcome: gravity for gravity, outcome in enumerate(Outcome)}  # PASS is the lightest


@dataclass(frozen=True, slots=True)
class Screening:
    """What all phases together say: the gravest outcome, and every verdict but those that pass."""

    outcome: Outcome = Outcome.PASS
    verdicts: Sequence[Verdict] = ()


PASSED: Final = Screening()


def screen(submission: Submission, rules: Rules | None = None) -> Screening:
    """Sends it through its site's phases, or those of `rules`; the first that rejects is the last. A phase
    that fails holds. May ask Redis and the database; changes nothing in it.

    A moderator's own words go through none of them. Of an author whom moderators trust nothing is held, and
    of one whom they watch everything is.
    """
    author = submission.author
    if author.staff_id is not None:
        return PASSED
    if rules is None:
        if submission.site.is_unlimited:
            return PASSED
        rules = rules_of(submission.site)
    outcome, verdicts = Outcome.PASS, []
    if author.trust == Author.Trust.WATCHED:
        outcome = Outcome.HOLD
        verdicts.append(Verdict(outcome, "trust", "Moderators watch this author"))
    for phase in rules.phases(submission.kind):
        verdict = _run(phase, submission, rules.settings)
        is_waived = author.trust == Author.Trust.TRUSTED and verdict.outcome is not Outcome.REJECT
        if verdict.outcome is Outcome.PASS or is_waived:
            continue
        verdicts.append(verdict)
        outcome = max(outcome, verdict.outcome, key=_GRAVITY.__getitem__)
        if outcome is Outcome.REJECT:
            break
    return Screening(outcome, verdicts) if verdicts else PASSED


def in_thread(screening: Screening, mode: str, author: Author | None) -> Screening:
    """The same for a post in a thread that has a mode of its own in place of its site's."""
    verdicts = [verdict for verdict in screening.verdicts if verdict.phase != MODE.name]
    is_known = author is not None and (author.staff_id or author.trust == Author.Trust.TRUSTED)
    if mode == Site.Moderation.PRE and not is_known:
        reason = "The thread shows nothing before a moderator has approved it"
        verdicts.append(Verdict(Outcome.HOLD, MODE.name, reason))
    if not verdicts:
        return PASSED
    return Screening(max((v.outcome for v in verdicts), key=_GRAVITY.__getitem__), verdicts)


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
