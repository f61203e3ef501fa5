"""Kibitz's comments, in which whoever is logged in to this site is signed in:

    {% load kibitz %}{% kibitz_comments site="blog" page_id=post.slug user=request.user %}

For INSTALLED_APPS as "kibitz_sso"; or copy this file into the templatetags/ of an app of yours. Settings:

    KIBITZ_URL = "https://comments.example.org"
    KIBITZ_SSO_KEY = "…"                       # the secret of the site's "Sign-in" page (HS256)
    KIBITZ_SSO_ISSUER = "https://example.org"  # one of the site's origins; else the request's own

Pages with a token must not be kept by a shared cache: each token is for one reader, once.
"""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django import template
from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

LIFE_SECONDS = 300  # Kibitz takes none that lives longer

register = template.Library()


@register.simple_tag(takes_context=True)
def kibitz_comments(
    context: template.Context, *, site: str, page_id: str, user: Any = None, **attributes: object
) -> SafeString:
    """The script and the element. `attributes` are the element's others, with _ for -. `user` is nobody where
    it is not logged in; without one the page says nothing of its reader."""
    shown = {"site": site, "page-id": page_id}
    shown |= {name.replace("_", "-"): str(value) for name, value in attributes.items()}
    if user is not None:
        issuer = getattr(settings, "KIBITZ_SSO_ISSUER", "") or context["request"].build_absolute_uri("/")[:-1]
        shown["sso-token"] = kibitz_token(user, site=site, issuer=issuer) if user.is_authenticated else ""
    return format_html(
        '<script async src="{}/embed.js"></script>\n<kibitz-comments{}></kibitz-comments>',
        settings.KIBITZ_URL.rstrip("/"),
        format_html_join("", ' {}="{}"', shown.items()),
    )


def kibitz_token(user: Any, *, site: str, issuer: str, more: Mapping[str, object] | None = None) -> str:
    """A fresh token for the user, to be used once. `more` are other claims: avatar, badge, role, and
    email_verified, which only a site that has proved the address may set."""
    now = int(time.time())
    claims = {
        "iss": issuer,
        "aud": site,
        "sub": str(user.pk),
        "iat": now,
        "exp": now + LIFE_SECONDS,
        "jti": str(uuid4()),
        "name": user.get_full_name() or user.get_username(),
        "email": getattr(user, "email", ""),
    }
    head = _encoded(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    said = f"{head}.{_encoded(json.dumps({**claims, **(more or {})}).encode())}"
    key = str(settings.KIBITZ_SSO_KEY).encode()
    return f"{said}.{_encoded(hmac.digest(key, said.encode(), 'sha256'))}"


def _encoded(part: bytes) -> str:
    return urlsafe_b64encode(part).rstrip(b"=").decode()
