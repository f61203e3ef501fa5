"""The phases that whatever is written goes through."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import DatabaseError, InterfaceError

from comments.errors import ProofRequired
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
from comments.threads.models import Post, Thread

logger = logging.getLogger(__name__)

_GRAVITY: Final = {outcome: gravity for gravity, outcome in enumerate(Outcome)}  # PASS is the lightest


@dataclass(frozen=True, slots=True)
class Screening:
    """What all phases together say: the gravest outcome, and every verdict but those that pass."""

    outcome: Outcome = Outcome.PASS
    verdicts: Sequence[Verdict] = ()
    is_unchecked: bool = False  # passed so far, and what the network says of it is to be asked

    @property
    def is_held(self) -> bool:
        return bool(self.verdicts) or self.is_unchecked


PASSED: Final = Screening()
UNCHECKED: Final = Screening(is_unchecked=True)
WATCHED: Final = Verdict(Outcome.HOLD, "author", "The moderators watch this author")
OF_THREAD: Final = Verdict(
    Outcome.HOLD, MODE.name, "The thread shows nothing before a moderator has approved it"
)


def screen(submission: Submission, rules: Rules | None = None) -> Screening:
    """Sends it through its site's phases, or those of `rules`; the first that rejects is the last. A phase
    that fails holds. May ask Redis and the database; changes nothing in it. Raises ProofRequired.

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
        try:
            verdict = _run(phase, submission, rules.settings, verdicts)
        except ProofRequired:
            forget(submission, _screening(verdicts))
            raise
        if verdict.outcome is Outcome.REJECT:
            return _screening([*verdicts, verdict])
        if verdict.outcome is not Outcome.PASS and author.trust != Author.Trust.TRUSTED:
            verdicts.append(verdict)
    return _screening(verdicts, is_unchecked=_has_checks(submission, rules))


def in_thread(screening: Screening, submission: Submission, thread: Thread) -> Screening:
    """The same in a thread that may have a mode of its own, which counts in place of the site's. The thread
    is known only under its lock."""
    author, kind = submission.author, submission.kind
    if not thread.moderation or kind not in MODE.kinds or author.staff_id is not None:
        return screening
    verdicts = [verdict for verdict in screening.verdicts if verdict.phase != MODE.name]
    is_exempt = thread.site.is_unlimited or author.trust == Author.Trust.TRUSTED
    if thread.moderation == Site.Moderation.PRE and not is_exempt:
        verdicts.append(OF_THREAD)
    is_unchecked = not thread.site.is_unlimited and _has_checks(submission, rules_of(thread.site))
    return _screening(verdicts, is_unchecked=is_unchecked)


def _has_checks(submission: Submission, rules: Rules) -> bool:
    """Whether services on the network are asked about it; not about an author whom moderators trust."""
    return submission.author.trust != Author.Trust.TRUSTED and bool(rules.checks(submission.kind))


def _screening(verdicts: list[Verdict], *, is_unchecked: bool = False) -> Screening:
    if not verdicts:
        return UNCHECKED if is_unchecked else PASSED
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


def _run(phase: Phase, submission: Submission, settings: Settings, before: Sequence[Verdict]) -> Verdict:
    try:
        if phase.run_after is not None:
            return phase.run_after(submission, settings, before)
        return phase.run(submission, settings)
    except (DatabaseError, InterfaceError, ProofRequired):
        raise  # the database would be gone for the post, too
    except Exception:
        logger.exception("phase %s of site %s", phase.name, submission.site.key)
        return Verdict(Outcome.HOLD, phase.name, f"“{phase.title}” failed; the log has the reason")
