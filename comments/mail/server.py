"""Where mail goes, from the environment."""

from email.utils import parseaddr
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import dj_email_url
from django.conf import settings

from comments import env

URL: Final = "KIBITZ_SMTP_URL"
FROM: Final = "KIBITZ_MAIL_FROM"
DEVELOPMENT: Final = "comments.mail.development.Backend"
TIMEOUT_SECONDS: Final = 10  # for each answer of the mail server
_PORTS: Final = {"smtp": 25, "smtp+tls": 587, "smtps": 465}  # in the clear; STARTTLS; TLS from the start


def mail_settings() -> dict[str, Any]:
    """Django's EMAIL_ settings. Raises ValueError, which says what is wrong; the password is not in it."""
    url, sender = env.env_str(URL), env.env_str(FROM)
    if not url:
        return {
            "EMAIL_BACKEND": DEVELOPMENT,
            "DEFAULT_FROM_EMAIL": _sender(sender or "kibitz@localhost"),
        }
    if not sender:
        raise ValueError(f"{FROM} is not set; mail needs a sender, such as comments@example.org")
    parts = _parts(url)
    found = dj_email_url.parse("smtp" + url[url.index("://") :])
    return {
        **{name: found[name] for name in ("EMAIL_BACKEND", "EMAIL_HOST", "EMAIL_HOST_USER")},
        "EMAIL_HOST_PASSWORD": found["EMAIL_HOST_PASSWORD"],
        "EMAIL_PORT": parts.port or _PORTS[parts.scheme],
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_TIMEOUT": TIMEOUT_SECONDS,
        "DEFAULT_FROM_EMAIL": _sender(sender),
    }


def reaches_people() -> bool:
    """False where mail would lie in a folder of the server's, and who waits for it is elsewhere."""
    return settings.EMAIL_BACKEND != DEVELOPMENT or _is_this_machine(settings.PUBLIC_URL)


def _is_this_machine(url: str) -> bool:
    """Without an address of its own, Kibitz is as `./run` starts it."""
    host = urlsplit(url).hostname or "localhost"
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _parts(url: str) -> Any:
    expected = f"{URL} must look like smtp://host, smtp+tls://user:password@host or smtps://…@host:465"
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in _PORTS and parts.hostname and parts.port != 0
    except ValueError as error:  # a port that is none
        raise ValueError(expected) from error
    if not is_good or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(expected)
    return parts


def _sender(value: str) -> str:
    _, address = parseaddr(value)
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or not value.isprintable():
        raise ValueError(f"{FROM} must be an address, such as comments@example.org, not {value!r}")
    return value
