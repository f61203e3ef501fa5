"""Making sites and deciding what belongs to one."""

import re
import time
from typing import Final
from urllib.parse import urlsplit

from comments.errors import Invalid, OriginNotAllowed, UnknownSite
from comments.events.rows import columns_of, fetch
from comments.sites.models import SITE_KEY_PATTERN, Site

REMEMBER_SECONDS: Final = 1.0  # a change in the admin counts this late at most; the front keeps as much
_remembered: dict[str, tuple[float, Site]] = {}

_NO_HOST: Final = re.compile(r"[\s\x00-\x20\x7f\"'<>;,/?#@*]")


def create_site(key: str, *, origins: list[str], name: str = "", is_unlimited: bool = False) -> Site:
    """A new site: guests may post and their posts show at once. Raises Invalid for a taken or malformed key
    and for an origin that is none."""
    if not re.fullmatch(SITE_KEY_PATTERN, key):
        raise Invalid(f"{key!r} is no site key: letters, digits, dot, hyphen and underscore, at most 64.")
    if Site.objects.filter(key=key).exists():
        raise Invalid(f"There is a site {key!r} already.")
    return Site.objects.create(
        key=key, name=name, origins=[normal_origin(origin) for origin in origins], is_unlimited=is_unlimited
    )


def get_site(key: str) -> Site:
    """The site as it was within the last second, not to be changed. Raises UnknownSite."""
    forget_at, site = _remembered.get(key, (0.0, None))
    now = time.monotonic()
    if site is None or forget_at <= now:
        site = _fetched(key)
        _remembered[key] = (now + REMEMBER_SECONDS, site)
    return site


def _fetched(key: str) -> Site:
    if "\x00" in key:
        raise UnknownSite()
    # Composing the query would take longer than asking.
    site = fetch(Site, f"SELECT {columns_of(Site)} FROM comments_site WHERE key = %s", [key])  # noqa: S608
    if site is None:
        raise UnknownSite()
    return site


def require_origin(site: Site, url: str) -> None:
    """Raises OriginNotAllowed unless the URL lies on one of the site's origins."""
    origin = origin_of(url)
    if origin is None or origin not in site.origins:
        raise OriginNotAllowed(
            f"{origin or 'That address'} is not among the origins of this site. "
            "Its owner can add it in the admin, under Sites."
        )


def normal_origin(url: str) -> str:
    """`https://Example.org:443/` as `https://example.org`; raises Invalid where there is no origin in it."""
    origin = origin_of(url)
    if origin is None:
        raise Invalid(f"{url!r} is no origin; one looks like https://blog.example.org")
    return origin


def origin_of(url: str) -> str | None:
    """Scheme, host and port of an http(s) URL as browsers write an origin; None for anything else."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
        if host and not host.isascii():
            host = host.encode("idna").decode()  # as browsers write it, and the only form fit for a header
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in {"http", "https"} or not host or _NO_HOST.search(host) or "\\" in parts.netloc:
        return None
    default_port = 443 if scheme == "https" else 80
    shown_host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown_host}" if port in {None, default_port} else f"{scheme}://{shown_host}:{port}"
