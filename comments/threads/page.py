"""Which page a thread belongs to: page ids and thread keys; pure."""

import re
from base64 import b32encode
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

KEY_LENGTH: Final = 26
KEY_PATTERN: Final = re.compile(r"[a-z2-7]{26}")
_TRACKING: Final = re.compile(
    r"(utm_\w+|fbclid|gclid|gbraid|wbraid|dclid|msclkid|yclid|igshid|mc_[ce]id|_hs\w+)(=|$)", re.IGNORECASE
)
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def page_id_of(url: str) -> str:
    """The id of a page that names none: its URL with a lower-case host, without scheme, default port, `www.`,
    fragment, tracking parameters and trailing slash. Raises ValueError for what is no http(s) URL."""
    parts = urlsplit(url.strip())
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ValueError("not an http or https address")
    host = parts.hostname.removeprefix("www.")
    if parts.port not in {None, _DEFAULT_PORTS[scheme]}:
        host = f"{host}:{parts.port}"
    query = "&".join(pair for pair in parts.query.split("&") if pair and not _TRACKING.match(pair))
    return host + parts.path.rstrip("/") + (f"?{query}" if query else "")


def thread_key(site_key: str, page_id: str) -> str:
    """The first 26 characters, lower case, of unpadded base32(SHA-256(site key, newline, page id))."""
    digest = sha256(f"{site_key}\n{page_id}".encode()).digest()
    return b32encode(digest).decode().lower()[:KEY_LENGTH]
