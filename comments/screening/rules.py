"""A site's rules as they are in force: read seldom, and no query for a site that has none."""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from comments.screening.history import History
from comments.screening.models import SiteRules
from comments.screening.phases import PHASES
from comments.screening.phases.phase import Phase
from comments.screening.settings import Settings
from comments.screening.submission import Kind
from comments.sites.models import Site

REMEMBER_SECONDS: Final = 1.0  # a change in the admin counts this late at most, as one of the site does

RECOMMENDED: Final[Mapping[str, Any]] = {
    "phases": [
        {"phase": name, "is_on": name != "first_posts"}
        for name in ("trap", "timing", "blocked", "words", "links", "repeats", "classifier", "first_posts")
    ],
    "max_links": 3,
    "min_seconds": 3,
    "repeats_minutes": 60,
}


class Rules:
    """The phases of one site in their order, and what they go by."""

    def __init__(
        self, fields: SiteRules, *, history: History | None = None, without: frozenset[str] = frozenset()
    ) -> None:
        self.settings = Settings(fields, history)
        phases = [PHASES[name] for name, is_on in arranged(fields.phases) if is_on and name not in without]
        self._checks = [each for each in phases if each.check and each.is_set_up(self.settings)]
        self._by_kind = {kind: tuple(each for each in phases if kind in each.kinds) for kind in Kind}

    def phases(self, kind: Kind) -> tuple[Phase, ...]:
        """What a submission of this kind goes through."""
        return self._by_kind[kind]

    def checks(self, kind: Kind) -> tuple[Phase, ...]:
        """Those of them that ask the network, after the others have passed it."""
        return tuple(each for each in self._checks if kind in each.kinds)


def arranged(stored: object) -> list[tuple[str, bool]]:
    """Every phase once, in the stored order, and whether it is on. What is stored may be anything: what is
    not understood is left out, and phases that it does not name are off, at the end."""
    found: dict[str, bool] = {}
    for each in stored if isinstance(stored, list) else []:
        name = each.get("phase") if isinstance(each, dict) else None
        if isinstance(name, str) and name in PHASES:
            found.setdefault(name, each.get("is_on") is True)
    for name in PHASES:
        found.setdefault(name, False)
    return [(name, is_on or PHASES[name].is_fixed) for name, is_on in found.items()]


NO_RULES: Final = Rules(SiteRules())

_remembered: dict[int, tuple[float, datetime | None, Rules]] = {}


def rules_of(site: Site) -> Rules:
    """The rules as they were within the last second; NO_RULES where there are none."""
    forget_at, changed, rules = _remembered.get(site.pk, (0.0, None, NO_RULES))
    now = time.monotonic()
    if forget_at > now:
        return rules
    # The lists are megabytes for some, and compiling them takes a second: only where something changed.
    newest = SiteRules.objects.filter(site=site).values_list("changed", flat=True).first()
    if newest != changed:
        fields = SiteRules.objects.filter(site=site).first()
        rules, newest = (NO_RULES, None) if fields is None else (Rules(fields), fields.changed)
    _remembered[site.pk] = (now + REMEMBER_SECONDS, newest, rules)
    return rules
