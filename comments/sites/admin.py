"""Sites in Django admin: their settings, and who looks after them."""

from typing import Any, Final

from django import forms
from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest

from comments.audit.models import Action
from comments.audit.services import action
from comments.errors import Invalid
from comments.sites.models import Site
from comments.sites.roles import may_everywhere
from comments.sites.scoped_admin import ScopedAdmin, gesture_of
from comments.sites.services import normal_origin
from comments.sites.team import CHANGE_SITE, TEAM, Members, change_team, team_of, unknown_accounts

OF_STAFF: Final = ("is_unlimited",)  # what an owner may not allow themselves
TEAM_MAX: Final = 200


class NamesField(forms.CharField):
    """Account names, one a line. The form sends along what it showed, so that somebody who was removed while
    it was open does not come back with it."""

    widget = forms.Textarea(attrs={"rows": 3})

    def __init__(self, *, help_text: str) -> None:
        super().__init__(required=False, show_hidden_initial=True, max_length=50_000, help_text=help_text)


class SiteForm(forms.ModelForm):  # type: ignore[type-arg]
    origins = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Where the comments may be embedded, one origin a line, e.g. https://blog.example.org",
    )
    owners = NamesField(
        help_text="Account names, one a line. They change these settings and the team, and moderate."
    )
    moderators = NamesField(
        help_text="Account names, one a line. They see this site's comments and authors, and no other site's."
    )

    class Meta:
        model = Site
        fields = [
            "key",
            "name",
            "origins",
            "guests_may_post",
            "guest_email",
            "moderation",
            "closes_after_days",
            "has_votes",
            "has_presence",
            "edit_window_seconds",
            "max_posts_per_minute",
            "max_votes_per_minute",
            "realtime",
            "is_indexed",
            "texts",
            "stylesheet",
            "is_unlimited",
        ]

    may_leave_no_owner: bool = False  # set for staff of all sites

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("closes_after_days", "guest_email"):  # absent from what older scripts send
            if name in self.fields:
                self.fields[name].required = False

    def get_initial_for_field(self, field: forms.Field, field_name: str) -> object:
        if field_name in TEAM:
            return "\n".join(team_of(self.instance)[field_name]) if self.instance.pk else ""
        initial = super().get_initial_for_field(field, field_name)
        return "\n".join(initial) if field_name == "origins" and isinstance(initial, list) else initial

    def clean_origins(self) -> list[str]:
        try:
            return [normal_origin(line) for line in self.cleaned_data["origins"].split()]
        except Invalid as error:
            raise forms.ValidationError(error.detail) from error

    def clean_texts(self) -> dict[str, object]:
        return self.cleaned_data["texts"] or {}  # an emptied field

    def clean_guest_email(self) -> str:
        return str(self.cleaned_data["guest_email"] or self.instance.guest_email)

    def clean_closes_after_days(self) -> int:
        return self.cleaned_data["closes_after_days"] or 0

    def clean_owners(self) -> str:
        names = self._clean_names("owners")
        if self.instance.pk and not names.split() and self._shown("owners") and not self.may_leave_no_owner:
            raise forms.ValidationError("At least one owner has to stay.")
        return names

    def clean_moderators(self) -> str:
        return self._clean_names("moderators")

    def team_changes(self) -> dict[str, Members]:
        """Who gets a role and who loses it, by what the form showed when it was opened."""
        return {
            name: Members.between(self._shown(name), _lines(self.cleaned_data[name]))
            for name in TEAM
            if name in self.cleaned_data
        }

    def _clean_names(self, name: str) -> str:
        names: str = self.cleaned_data[name]
        if len(_lines(names)) > TEAM_MAX:
            raise forms.ValidationError(f"At most {TEAM_MAX}.")
        # Who was on the list already may have been deactivated since.
        joining = [line for line in _lines(names) if line not in set(self._shown(name))]
        if unknown := unknown_accounts(joining):
            raise forms.ValidationError(
                f"There is no active account of this name: {', '.join(unknown)[:300]}"
            )
        return names

    def _shown(self, name: str) -> list[str]:
        shown = self.data.get(self.add_initial_prefix(name))
        return _lines(str(self.get_initial_for_field(self.fields[name], name) if shown is None else shown))


@admin.register(Site)
class SiteAdmin(ScopedAdmin):
    form = SiteForm
    site_path = ""
    ordering = ("key",)
    list_display = ["key", "name", "moderation", "realtime", "created"]
    search_fields = ["key", "name"]
    actions = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_everywhere(request.user, "add_site")

    def get_fields(self, request: HttpRequest, obj: Site | None = None) -> list[Any]:
        """Who only looks sees no field that is the form's alone."""
        fields = [*SiteForm.Meta.fields]
        return [*fields, *TEAM] if self._may_edit(request, obj) else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Site | None = None) -> list[str]:
        fixed = ["key"] if obj else []  # thread keys are made from it
        return fixed if may_everywhere(request.user, CHANGE_SITE) else [*fixed, *OF_STAFF]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.may_leave_no_owner = may_everywhere(request.user, CHANGE_SITE)
        return form

    def save_model(self, request: HttpRequest, obj: Site, form: Any, change: bool) -> None:
        gesture = gesture_of(request)
        with transaction.atomic():
            names = [name for name in form.changed_data if name not in TEAM]
            before = Site.objects.filter(pk=obj.pk).values(*names).first() or {} if names else {}
            super().save_model(request, obj, form, change)
            given = {name: form.cleaned_data[name] for name in names}
            after = {name: value for name, value in given.items() if value != before.get(name, "")}
            if after:
                was = {name: before[name] for name in after if name in before}
                action(gesture, Action.Kind.SITE, obj.pk, before=was, after=after).save()
            change_team(obj, gesture, form.team_changes())

    def _may_edit(self, request: HttpRequest, obj: Site | None) -> bool:
        return self.has_add_permission(request) if obj is None else self.has_change_permission(request, obj)


def _lines(names: str) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in names.splitlines() if line.strip()))
