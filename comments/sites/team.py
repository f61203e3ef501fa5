"""Who looks after a site: changed by its owners, and written down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction

from comments.audit.models import Action
from comments.audit.services import Gesture, action
from comments.errors import Invalid, Refused
from comments.sites.models import Site, SiteGroup
from comments.sites.roles import may, may_everywhere, members, set_members

CHANGE_SITE: Final = "change_site"
TEAM: Final = {"owners": SiteGroup.Role.OWNER, "moderators": SiteGroup.Role.MODERATOR}


@dataclass(frozen=True, slots=True)
class Members:
    """Account names that get a role, and those that lose it. Not who has it in the end: somebody else may
    have changed that since the form was opened."""

    joining: frozenset[str]
    leaving: frozenset[str]

    @classmethod
    def between(cls, before: Sequence[str], after: Sequence[str]) -> "Members":
        return cls(frozenset(after) - frozenset(before), frozenset(before) - frozenset(after))


def team_of(site: Site) -> dict[str, list[str]]:
    """The account names of each role."""
    return {name: _names(site, role) for name, role in TEAM.items()}


def unknown_accounts(names: Sequence[str]) -> list[str]:
    """Those of the names that no active account has."""
    known = set(User.objects.filter(username__in=names, is_active=True).values_list("username", flat=True))
    return [name for name in dict.fromkeys(names) if name not in known]


def change_team(site: Site, gesture: Gesture, changes: Mapping[str, Members]) -> None:
    """Gives roles and takes them away, by "owners" and "moderators". Raises Invalid where an owner would
    leave the site without one, Refused where the account is none any more."""
    with transaction.atomic():
        # Of two owners who take each other's role away at the same moment, one finds that the other did.
        Site.objects.select_for_update(no_key=True).get(pk=site.pk)
        if gesture.by is not None and not may(gesture.by, CHANGE_SITE, site.pk):
            raise Refused("You are no owner of this site any more.")
        before = team_of(site)
        after = {
            name: sorted((set(names) - change.leaving) | change.joining)
            for name, names in before.items()
            if (change := changes.get(name)) is not None
        }
        after = {name: names for name, names in after.items() if names != before[name]}
        if not after:
            return
        if "owners" in after:
            _require_owner(after["owners"], gesture)
        for name, names in after.items():
            set_members(site, TEAM[name], list(User.objects.filter(username__in=names)))
        told: dict[str, object] = dict(after)
        was: dict[str, object] = {name: before[name] for name in after}
        action(gesture, Action.Kind.TEAM, site.pk, before=was, after=told).save()


def _require_owner(names: Sequence[str], gesture: Gesture) -> None:
    if User.objects.filter(username__in=names, is_active=True).exists():
        return
    if gesture.by is not None and not may_everywhere(gesture.by, CHANGE_SITE):
        raise Invalid("At least one owner has to stay.")


def _names(site: Site, role: SiteGroup.Role) -> list[str]:
    return sorted(members(site, role).values_list("username", flat=True))
