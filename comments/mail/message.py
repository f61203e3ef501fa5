"""What a mail says: its template and texts, in its language, filled with its context."""

import json
import re
from collections.abc import Mapping
from email.utils import formataddr, parseaddr
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from comments.mail.models import Mail
from comments.markup.plain import one_line

TEXTS: Final = Path(__file__).parent / "texts"
SUBJECT_MAX_CHARS: Final = 120
SENDER_MAX_CHARS: Final = 60
_RIGHT_TO_LEFT: Final = {"ar"}
_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")
_ISOLATE: Final = "\u2068{}\u2069"  # a name's own direction must not turn the sentence around it


@cache
def texts(language: str) -> Mapping[str, Mapping[str, str]]:
    """By template. Raises OSError for a language that there is not."""
    found: Mapping[str, Mapping[str, str]] = json.loads(
        (TEXTS / f"{language}.json").read_text(encoding="utf-8")
    )
    return found


def compose(mail: Mail) -> EmailMultiAlternatives:
    """The message. A site's name stands in headers, so there is nothing invisible and no line end in it: with
    those somebody could write headers, or whole mails, of their own."""
    words = texts(mail.language)[mail.template]
    plain = {name: _plain(value) if isinstance(value, str) else value for name, value in mail.context.items()}
    is_rtl = mail.language in _RIGHT_TO_LEFT
    shown = {name: _ISOLATE.format(value) if is_rtl else value for name, value in plain.items()}
    subject = _plain(_filled(words["subject"], shown if is_rtl else plain))[:SUBJECT_MAX_CHARS]
    look = {
        "text": {name: _filled(text, shown) for name, text in words.items()},
        **plain,
        "subject": subject,
        "language": mail.language,
        "direction": "rtl" if is_rtl else "ltr",
    }
    message = EmailMultiAlternatives(
        subject=subject,
        body=render_to_string(f"mail/{mail.template}.txt", look).strip() + "\n",
        from_email=_sender(str(plain.get("site", ""))),
        to=[mail.to],
        headers=_headers(mail),
    )
    message.attach_alternative(render_to_string(f"mail/{mail.template}.html", look), "text/html")
    return message


def _plain(value: str) -> str:
    """Not even as an encoded word (RFC 2047), which readers' programs would decode in a header."""
    return one_line(value).replace("=?", "= ?")


def _headers(mail: Mail) -> dict[str, str]:
    _, sender = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return {
        # The same for each try: a mail that left just before its worker died is there once.
        "Message-ID": f"<{mail.pk}@{sender.rpartition('@')[2]}>",
        "Auto-Submitted": "auto-generated",  # RFC 3834: no holiday answers
        "X-Auto-Response-Suppress": "All",  # Exchange's word for it
        "Content-Language": mail.language,
    }


def _sender(site: str) -> str:
    """The operator's, with the site's name where it has none of its own."""
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return formataddr((name or site[:SENDER_MAX_CHARS], address))


def _filled(text: str, context: Mapping[str, Any]) -> str:
    return _PLACEHOLDER.sub(lambda found: str(context.get(found[1], "")), text)
