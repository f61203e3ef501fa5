"""Which push nodes carry which site's readers, and the signed addresses that lead to them; no Django.

A cell is a group of push nodes that some sites have to themselves: every node of a cell gets every frame of
its sites, and no other. KIBITZ_PUSH_CELLS, JSON, names them:

    {"main": {"sites": ["*"], "nodes": [{"public": "https://push.example.org", "publish": "http://10.0.0.5:9081"}]}}

`sites` are site keys, "*" the sites that no other cell names. `public` is where readers connect, `publish`
where formatters post: http://host:port, or unix:/path on the same machine. Without the variable, and for a
site without a cell, the Channels sockets carry everybody.
"""

import hashlib
import hmac
import json
import math
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

from comments import env

VARIABLE: Final = "KIBITZ_PUSH_CELLS"
EVERY_OTHER_SITE: Final = "*"
LIVE_URL_SECONDS: Final = 12 * 3600  # a tab left open overnight asks for another address before it comes back


@dataclass(frozen=True, slots=True)
class PushNode:
    """One nginx push instance: the readers' address of it, and the formatters'."""

    public: str
    publish: str


@dataclass(frozen=True, slots=True)
class Cell:
    name: str
    sites: tuple[str, ...]
    nodes: tuple[PushNode, ...]


def push_cells() -> tuple[Cell, ...]:
    """The cells that the environment names, none by default; raises ValueError that says what is wrong."""
    return _parsed(env.env_str(VARIABLE))


def cell_of(site: str, cells: tuple[Cell, ...]) -> Cell | None:
    """The cell of a site key."""
    for wanted in (site, EVERY_OTHER_SITE):
        for cell in cells:
            if wanted in cell.sites:
                return cell
    return None


def signed_path(key: str, *, now: float, secret: str, kind: str = "") -> str:
    """`/live/{key}?e=…&s=…`: good for 12 to 24 hours from `now` (Unix seconds). `kind` comes before the key,
    and is signed with it: what pages of another origin may open is no address of a thread.

    `e` is when it ends, in steps of 12 hours, so that everybody gets the same address and caches keep it;
    `s` is what nginx's secure_link_md5 makes of "e key secret" (ngx_http_secure_link_module).
    """
    expires = (math.floor(now / LIVE_URL_SECONDS) + 2) * LIVE_URL_SECONDS
    digest = hashlib.md5(f"{expires} {kind}{key} {secret}".encode(), usedforsecurity=False).digest()
    return f"/live/{kind}{key}?e={expires}&s={urlsafe_b64encode(digest).decode().rstrip('=')}"


def push_secret() -> str:
    """What signs live addresses, in hexadecimal: KIBITZ_PUSH_SECRET, else made from the secret key."""
    given = env.env_str("KIBITZ_PUSH_SECRET")
    return given or hmac.new(env.secret_key().encode(), b"kibitz.push", hashlib.sha256).hexdigest()


@cache
def _parsed(text: str) -> tuple[Cell, ...]:
    if not text:
        return ()
    try:
        named = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{VARIABLE} is no JSON: {error}") from None
    if not isinstance(named, dict):
        raise ValueError(f"{VARIABLE} must be an object of cells by name")
    cells = tuple(_cell(name, value) for name, value in named.items())
    sites = [site for cell in cells for site in cell.sites]
    for site in sites:
        if sites.count(site) > 1:
            raise ValueError(f"{VARIABLE} gives the site {site!r} to two cells")
    return cells


def _cell(name: str, value: Any) -> Cell:
    match value:
        case {"sites": [*sites], "nodes": [_, *_] as nodes, **rest} if not rest:
            if all(isinstance(site, str) and site for site in sites) and sites:
                return Cell(name, tuple(sites), tuple(_node(name, node) for node in nodes))
    raise ValueError(f'{VARIABLE}: the cell {name!r} needs "sites" and "nodes", lists that are not empty')


def _node(cell: str, value: Any) -> PushNode:
    match value:
        case {"public": str(public), "publish": str(publish), **rest} if not rest:
            if _is_base(public) and (_is_base(publish) or publish.startswith("unix:/")):
                return PushNode(public.rstrip("/"), publish.rstrip("/"))
    raise ValueError(
        f'{VARIABLE}: a node of the cell {cell!r} needs "public" (https://host) and "publish" '
        "(http://host:port or unix:/path)"
    )


def _is_base(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and (parts.port is None or parts.port > 0)  # raises for no number
        return parts.scheme in {"http", "https"} and has_host and parts.path in {"", "/"}
    except ValueError:
        return False
