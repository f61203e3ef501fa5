"""Parts that the tables of the admin share."""

from typing import Final

from django.db.models import Model
from django.urls import reverse
from django.utils.formats import localize
from django.utils.html import format_html, format_html_join
from django.utils.timezone import localtime

from comments.audit.models import Action

EARLIER: Final = 20


def linked(row: Model, text: str) -> str:
    """A link to the row's form. Only for rows of the site that one is looking at already."""
    opts = row._meta
    return format_html(
        '<a href="{}">{}</a>',
        reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[row.pk]),
        text or "-",
    )


def earlier_actions(site_id: int, **about: int | None) -> str:
    """The latest twenty actions about a row of the site, one a line."""
    rows = Action.objects.filter(site=site_id, **about).order_by("-pk")[:EARLIER]
    return format_html_join("", "{}<br>", ((told(row),) for row in rows)) or "-"


def told(row: Action) -> str:
    """One action in a line: when, who, what, from what to what, and why."""
    changes = ", ".join(
        f"{name}: {shown(row.before.get(name))} → {shown(value)}" for name, value in row.after.items()
    )
    parts = [f"{localize(localtime(row.created))} {row.by}: {row.get_kind_display()}"]
    parts += [changes] if changes else []
    parts += [f"“{row.reason}”"] if row.reason else []
    return " · ".join(parts)


def shown(value: object) -> str:
    """A value of the audit, short."""
    said = "-" if value is None or value == "" else str(value)
    return said if len(said) <= 80 else f"{said[:79]}…"
