"""System checks: settings that contradict each other are said at start, not met later."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import WARNING, CheckMessage, Error, register

from comments import cells, env
from comments.mail.server import mail_settings, reaches_people

ENVIRONMENT = "environment"  # the tag: what a start looks at; `manage.py check` looks at everything


@register(ENVIRONMENT)
def environment_is_sound(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """kibitz.E001: a number or switch that is none. kibitz.E002: a public address that is none.
    kibitz.E003: push cells that cannot be read. kibitz.E004: a mail server or sender that is none.
    kibitz.W001: a public address without a mail server."""
    problems: list[CheckMessage] = []
    for name, read in (
        ("KIBITZ_FORMATTERS", env.formatter_count),
        ("KIBITZ_BEHIND_PROXY", lambda: env.env_bool("KIBITZ_BEHIND_PROXY", default=False)),
        ("KIBITZ_DATABASE_POOL", lambda: env.env_bool("KIBITZ_DATABASE_POOL", default=True)),
        ("KIBITZ_EXTERNAL_MAY_BE_PRIVATE", env.external_may_be_private),
        ("KIBITZ_MAX_SOCKETS_PER_ADDRESS", env.max_sockets_per_address),
        ("KIBITZ_MAX_CONNECTIONS", env.max_connections),
        ("KIBITZ_QUEUE_MAX_MB", env.queue_max_bytes),
        ("KIBITZ_REQUIRE_SECOND_FACTOR", env.require_second_factor),
    ):
        try:
            read()
        except ValueError as error:
            problems.append(Error(str(error), hint=f"Unset {name} for the default.", id="kibitz.E001"))
    public = urlsplit(settings.PUBLIC_URL)
    if settings.PUBLIC_URL and (public.scheme not in {"http", "https"} or not public.netloc or public.path):
        problems.append(
            Error(
                f"KIBITZ_PUBLIC_URL is {settings.PUBLIC_URL!r}",
                hint="It is a scheme and a host, such as https://comments.example.org",
                id="kibitz.E002",
            )
        )
    try:
        cells.push_cells()
    except ValueError as error:
        problems.append(
            Error(
                str(error),
                hint=f"Unset {cells.VARIABLE} and Channels carries all readers.",
                id="kibitz.E003",
            )
        )
    try:
        mail_settings()
    except ValueError as error:
        problems.append(Error(str(error), hint="README.md has the settings.", id="kibitz.E004"))
    if not problems and not reaches_people():
        problems.append(
            CheckMessage(
                WARNING,
                f"No mail server is set: readers of {settings.PUBLIC_URL} are not offered codes by e-mail.",
                hint="Set KIBITZ_SMTP_URL and KIBITZ_MAIL_FROM.",
                id="kibitz.W001",
            )
        )
    return problems
