"""The page of a site's rules in Django admin, and their dry run.

Whoever may change the site may change its rules (`comments.change_site`).
"""

from hashlib import sha256
from typing import Any, Final, cast

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from comments.audit.models import Action
from comments.audit.services import Gesture, action
from comments.screening.forms import RulesForm
from comments.screening.models import SiteRules
from comments.screening.rules import RECOMMENDED
from comments.screening.submission import Outcome
from comments.screening.trial import POSTS, Trial, try_rules
from comments.sites.models import Site
from comments.sites.roles import sites_of

CHANGES_SHOWN: Final = 100
SAID_MAX_CHARS: Final = 2_000
SECRETS: Final = {"akismet_key", "external_secret"}
NAMES: Final = {
    Outcome.PASS: "shown at once",
    Outcome.HOLD: "held",
    Outcome.SPAM: "spam",
    Outcome.REJECT: "refused",
}


@never_cache
@require_http_methods(["GET", "POST"])
def rules(request: HttpRequest, site_id: int) -> HttpResponse:
    """Shows the rules; saves them, or tries what was sent on the last posts, or begins with recommended
    ones."""
    site = get_object_or_404(sites_of(request.user, "change_site"), pk=site_id)
    stored = SiteRules.objects.filter(site=site).first()
    fields = stored or SiteRules(site=site)
    action = request.POST.get("action", "")
    if action == "recommended":
        return _recommended(request, site, fields, is_new=stored is None)
    form = RulesForm(request.POST or None, instance=fields)
    trial = None
    if request.method == "POST":
        if not form.is_valid():
            messages.error(request, "Nothing was saved. Please correct what is marked below.")
        elif action == "try":
            trial = try_rules(form.instance, site)
        else:
            _save(request, site, form.instance, "Changed the rules.")
            messages.success(request, "The rules are saved, and in force within a second.")
            return redirect("site-rules", site_id=site.pk)
    return _page(request, site, form, is_new=stored is None, trial=trial)


def _recommended(request: HttpRequest, site: Site, fields: SiteRules, *, is_new: bool) -> HttpResponse:
    """At once where there are no rules yet; else they are only put into the form, and lists stay."""
    for name, value in RECOMMENDED.items():
        setattr(fields, name, value)
    if is_new:
        _save(request, site, fields, "Began with the recommended rules.")
        messages.success(request, "The recommended rules are in force.")
        return redirect("site-rules", site_id=site.pk)
    messages.info(request, "These are the recommended rules, with your lists. They are not saved yet.")
    return _page(request, site, RulesForm(instance=fields), is_new=False)


def _save(request: HttpRequest, site: Site, fields: SiteRules, said: str) -> None:
    user = cast("User", request.user)  # the admin lets nobody else in
    with transaction.atomic():
        before = SiteRules.objects.filter(site=site).first()
        fields.save()
        changed = {
            field.name: (None if before is None else _said(before, field.name), _said(fields, field.name))
            for field in SiteRules._meta.concrete_fields
            if field.name not in {"id", "site", "changed"}
        }
        changed = {name: pair for name, pair in changed.items() if pair[0] != pair[1]}
        action(
            Gesture(user, timezone.now()),
            Action.Kind.SITE,
            site.pk,
            before={name: was for name, (was, _) in changed.items()},
            after={name: becomes for name, (_, becomes) in changed.items()},
        ).save()
    LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(Site),
        object_id=str(site.pk),
        object_repr=str(site)[:200],
        action_flag=CHANGE,
        change_message=said,
    )


def _said(fields: SiteRules, name: str) -> object:
    """A value as the audit keeps it: of a long list how many lines it has, of a secret that there is one."""
    value = getattr(fields, name)
    if name in SECRETS:
        return "set" if value else ""
    if isinstance(value, str) and len(value) > SAID_MAX_CHARS:
        return f"{value.count(chr(10)) + 1:,} lines, {sha256(value.encode()).hexdigest()[:8]}"
    return value


def _page(
    request: HttpRequest, site: Site, form: RulesForm, *, is_new: bool, trial: Trial | None = None
) -> HttpResponse:
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": f"Rules of {site}",
        "site": site,
        "form": form,
        "rows": form.rows(),
        "is_new": is_new and not form.is_bound,
        "is_pre": site.moderation == Site.Moderation.PRE,
        "posts": f"{POSTS:,}",
        **(_told(trial) if trial else {}),
    }
    return render(request, "screening/rules.html", context, status=400 if form.errors else 200)


def _told(trial: Trial) -> dict[str, Any]:
    shown = trial.changes[:CHANGES_SHOWN]
    return {
        "trial": trial,
        "counts": [(name, trial.now[outcome], trial.then[outcome]) for outcome, name in NAMES.items()],
        "changes": [
            {
                "post": change.post,
                "now": NAMES[change.now],
                "then": NAMES[change.then],
                "outcome": change.then.value,
                "reasons": [verdict.reason for verdict in change.verdicts] or ["No phase objects"],
            }
            for change in shown
        ],
        "more": len(trial.changes) - len(shown),
    }
