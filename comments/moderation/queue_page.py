"""The moderators' queue: one page inside the admin, which a script fills from the moderators' calls."""

from typing import Any, Final

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from comments.moderation.claims import CLAIM_SECONDS
from comments.moderation.queries import QUEUES, counts
from comments.moderation.services import UNDO_SECONDS
from comments.sites.moderators import MODERATION_KIND, channel_of
from comments.sites.roles import MODERATE, sites_of

# What readers wrote stands here beside a moderator's session, so nothing runs but our own files.
POLICY: Final = (
    "default-src 'self'; connect-src 'self' {sockets}; img-src 'self' data:; object-src 'none';"
    " base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)


@never_cache
def moderation(request: HttpRequest) -> HttpResponse:
    """The page without a post in it; who moderates no site is refused."""
    user = request.user
    sites = sites_of(user, MODERATE)
    if not isinstance(user, User) or not sites.exists():
        raise PermissionDenied
    waiting = counts(sites)
    context = {
        **admin.site.each_context(request),
        "title": "Moderation",
        "waiting": waiting["pending"] + waiting["reported"],
        "boot": {
            "name": user.get_username(),
            "queues": QUEUES,
            "counts": waiting,
            "sites": [{"key": site.key, "name": str(site)} for site in sites.order_by("name", "key")],
            "api": reverse("moderation-queue").removesuffix("posts/"),
            "live": f"/live/{MODERATION_KIND}{channel_of(user)}",
            "login": reverse("admin:login"),
            "undo_seconds": UNDO_SECONDS,
            "claim_seconds": CLAIM_SECONDS,
        },
    }
    response = render(request, "moderation/queue.html", context)
    # Older browsers take 'self' for https alone.
    sockets = f"{'wss' if request.is_secure() else 'ws'}://{request.get_host()}"
    response["Content-Security-Policy"] = POLICY.format(sockets=sockets)
    return response


def for_templates(request: HttpRequest) -> dict[str, Any]:
    """For the admin's own pages: who is shown the way here, and what waits. Asked only where a template
    does."""
    user = getattr(request, "user", None)
    return {
        "moderates_a_site": lambda: sites_of(user, MODERATE).exists(),
        "waiting_for_moderators": lambda: counts(sites_of(user, MODERATE)),
    }
