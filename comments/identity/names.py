"""Which names are somebody's here: of the site's moderators and owners, and the words for what they are."""

import time
from collections.abc import Callable
from typing import Final

from rest_framework.exceptions import ErrorDetail

from comments.errors import Invalid
from comments.identity.look_alikes import skeleton
from comments.identity.models import Author
from comments.identity.staff_words import is_title
from comments.sites.models import Site
from comments.sites.roles import MODERATE, may, moderators_of

REMEMBER_SECONDS: Final = 60.0  # an account with a new name waits so long for it to be its own
_remembered: dict[int, tuple[float, frozenset[str]]] = {}


def require_name(site: Site, name: str, *, account: Callable[[], object] = lambda: None) -> None:
    """Raises Invalid, with the code `reserved`, for a name that readers may take for that of somebody who
    looks after the site, unless the account that asks is one that does: it is looked for only then."""
    if is_reserved(site, name) and not may(account(), MODERATE, site.pk):
        told = ErrorDetail("That name belongs to somebody here.", code="reserved")
        raise Invalid("That name belongs to somebody here.", fields={"name": [told]})


def is_reserved(site: Site, name: str) -> bool:
    whole = skeleton(name)
    if not whole:
        return False
    return whole in _staff_names(site) or is_title(name)


def _staff_names(site: Site) -> frozenset[str]:
    """Of accounts with a role, and of authors that are accounts', as they were within the last minute."""
    forget_at, names = _remembered.get(site.pk, (0.0, frozenset[str]()))
    now = time.monotonic()
    if forget_at <= now:
        names = frozenset(filter(None, map(skeleton, _names_of_staff(site))))
        _remembered[site.pk] = (now + REMEMBER_SECONDS, names)
    return names


def _names_of_staff(site: Site) -> list[str]:
    """An account's own name is what readers never see where it has a full one, and is told to nobody here."""
    shown = list(Author.objects.filter(site=site, staff__isnull=False).values_list("name", flat=True))
    return shown + [user.get_full_name() or user.get_username() for user in moderators_of(site.pk)]
