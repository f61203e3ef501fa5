"""Which ways in a site has, as its owner set them."""

import time
from typing import Final, TypedDict

from comments.errors import WayOff
from comments.identity.models import Identity
from comments.mail.server import reaches_people
from comments.signin.models import SiteSignIn
from comments.signin.providers import names_set_up
from comments.sites.models import Site

REMEMBER_SECONDS: Final = 1.0  # as long as a site's other settings (sites.services)
_remembered: dict[int, tuple[float, SiteSignIn]] = {}


class Provider(TypedDict):
    id: str
    name: str


class Sso(TypedDict):
    url: str  # the site's own sign-in page, "" where it has none


class Ways(TypedDict):
    guests: bool
    guest_email: str  # "off", "optional", "required"
    codes: bool
    passkeys: bool
    providers: list[Provider]
    sso: Sso | None


def sign_in_of(site: Site) -> SiteSignIn:
    """The site's settings as they were within the last second, not to be changed."""
    forget_at, found = _remembered.get(site.pk, (0.0, None))
    now = time.monotonic()
    if found is None or forget_at <= now:
        found = SiteSignIn.objects.filter(site=site).first() or SiteSignIn(site=site)
        _remembered[site.pk] = (now + REMEMBER_SECONDS, found)
    return found


def ways_of(site: Site) -> Ways:
    sign_in = sign_in_of(site)
    return {
        "guests": site.guests_may_post,
        "guest_email": site.guest_email,
        "codes": offers_codes(site),
        "passkeys": sign_in.has_passkeys,
        "providers": [{"id": id_, "name": name} for id_, name in providers_on(site).items()],
        "sso": {"url": sign_in.sso_url} if sign_in.sso_algorithm else None,
    }


def providers_on(site: Site) -> dict[str, str]:
    """Those that the operator has set up and the site's owner has switched on, in the owner's order."""
    wanted = sign_in_of(site).providers
    names = names_set_up() if wanted else {}
    return {id_: names[id_] for id_ in wanted if isinstance(id_, str) and id_ in names}


def offers_codes(site: Site) -> bool:
    return sign_in_of(site).has_codes and reaches_people()


def require_way(site: Site, provider: str) -> None:
    """Raises WayOff where the site does not let in by this provider, or by passkeys."""
    if provider == Identity.SSO or not lets_in_by(site, provider):
        raise WayOff()


def lets_in_by(site: Site, provider: str) -> bool:
    """Whether the site lets in by this Identity's provider now."""
    if provider == Identity.SSO:
        return bool(sign_in_of(site).sso_algorithm)
    return sign_in_of(site).has_passkeys if provider == Identity.PASSKEY else provider in providers_on(site)
