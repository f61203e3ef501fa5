"""The page of a site's ways in, in Django admin.

Whoever may change the site may change how its readers sign in (`comments.change_site`).
"""

from collections.abc import Sequence
from typing import Any, Final

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from comments.audit.models import Action
from comments.audit.services import action
from comments.errors import Unavailable
from comments.identity.models import Identity, Session
from comments.mail.server import reaches_people
from comments.signin.forms import SignInForm, new_secret
from comments.signin.models import SiteSignIn
from comments.signin.provider_checks import Checked, check_providers
from comments.sites.models import Site
from comments.sites.roles import sites_of
from comments.sites.scoped_admin import gesture_of, of_whom

_KEY: Final = "sso_key"


@sensitive_post_parameters(_KEY)
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest, site_id: int) -> HttpResponse:
    """Shows the ways in; saves them, or makes a new secret, which is shown this once."""
    site = get_object_or_404(sites_of(request.user, "change_site"), pk=site_id)
    stored = SiteSignIn.objects.filter(site=site).first() or SiteSignIn(site=site)
    if request.POST.get("action") == "new-secret":
        return _with_new_secret(request, site, stored)
    if request.POST.get("action") == "check":
        return _with_checks(request, site, stored)
    form = SignInForm(request.POST or None, instance=stored)
    if request.method == "POST":
        if form.is_valid():
            _save(request, site, form.instance)
            messages.success(request, "The ways to sign in are saved, and in force within a second.")
            return redirect("site-sign-in", site_id=site.pk)
        messages.error(request, "Nothing was saved. Please correct what is marked below.")
    return _page(request, site, form)


def _with_checks(request: HttpRequest, site: Site, stored: SiteSignIn) -> HttpResponse:
    """Of what is stored; what else was typed is not saved, and not checked."""
    try:
        checked = check_providers([each for each in stored.providers if isinstance(each, str)])
    except Unavailable as error:
        messages.warning(request, error.detail)
        checked = []
    return _page(request, site, SignInForm(instance=stored), checked=checked)


@sensitive_variables("secret")
def _with_new_secret(request: HttpRequest, site: Site, fields: SiteSignIn) -> HttpResponse:
    """In force at once; what else was typed is not saved."""
    secret = new_secret()
    fields.sso_algorithm, fields.sso_key = SiteSignIn.Algorithm.HS256, secret
    _save(request, site, fields)
    return _page(request, site, SignInForm(instance=fields), secret=secret)


def _save(request: HttpRequest, site: Site, fields: SiteSignIn) -> None:
    names = SignInForm.Meta.fields
    with transaction.atomic():
        before = SiteSignIn.objects.select_for_update().filter(site=site).first()
        was = before or SiteSignIn(site=site)
        changed = [name for name in names if getattr(was, name) != getattr(fields, name)]
        if before is not None:
            fields.pk = before.pk
            fields.save(update_fields=names)
        else:
            fields.save()
        if not {_KEY, "sso_algorithm"}.isdisjoint(changed):
            # Whoever had the key before could have signed for anybody; the site signs its readers in again.
            Session.objects.filter(author__site=site, provider=Identity.SSO).delete()
        told = {name: (_said(was, name), _said(fields, name)) for name in changed}
        if _KEY in told and told[_KEY] == ("set", "set"):
            told[_KEY] = ("set", "another one")
        action(
            gesture_of(request),
            Action.Kind.SITE,
            site.pk,
            before={name: before for name, (before, _) in told.items()},
            after={name: after for name, (_, after) in told.items()},
        ).save()
    LogEntry.objects.create(
        user=of_whom(request),
        content_type=ContentType.objects.get_for_model(Site),
        object_id=str(site.pk),
        object_repr=f"site {site.pk}",
        action_flag=CHANGE,
        change_message="Changed the ways to sign in.",
    )


def _said(fields: SiteSignIn, name: str) -> object:
    """A value as the audit keeps it: of a key that there is one."""
    value: object = getattr(fields, name)
    return ("set" if value else "") if name == _KEY else value


def _page(
    request: HttpRequest,
    site: Site,
    form: SignInForm,
    *,
    secret: str = "",
    checked: Sequence[Checked] = (),
) -> HttpResponse:
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": f"Sign-in of {site}",
        "site": site,
        "form": form,
        "fieldsets": [
            ("Ways in", [form[name] for name in ("has_codes", "has_passkeys", "providers")]),
            ("Single sign-on", [form[name] for name in form.fields if name.startswith("sso_")]),
        ],
        "secret": secret,
        "has_mail": reaches_people(),
        "checked": checked,
    }
    return render(request, "signin/sign_in.html", context, status=400 if form.errors else 200)
