"""Who sees pages that are of all sites at once."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django import template
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from comments.sites.roles import may_everywhere

register = template.Library()
View = Callable[..., HttpResponse]


def for_staff_of_all_sites(permission: str) -> Callable[[View], View]:
    """Refuses with 403 who has the permission on no site, or on some alone."""

    def decorator(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not may_everywhere(request.user, permission):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorator


@register.filter
def sees_the_pipeline(user: object) -> bool:
    """Whether a page shows the account the way to the status."""
    return may_everywhere(user, "view_event")
