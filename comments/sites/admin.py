"""Sites in Django admin."""

from django import forms
from django.contrib import admin

from comments.errors import Invalid
from comments.sites.models import Site
from comments.sites.services import normal_origin


class SiteForm(forms.ModelForm):  # type: ignore[type-arg]
    origins = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Where the comments may be embedded, one origin a line, e.g. https://blog.example.org",
    )

    class Meta:
        model = Site
        fields = [
            "key",
            "name",
            "origins",
            "guests_may_post",
            "moderation",
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

    def get_initial_for_field(self, field: forms.Field, field_name: str) -> object:
        initial = super().get_initial_for_field(field, field_name)
        return "\n".join(initial) if field_name == "origins" and isinstance(initial, list) else initial

    def clean_origins(self) -> list[str]:
        try:
            return [normal_origin(line) for line in self.cleaned_data["origins"].split()]
        except Invalid as error:
            raise forms.ValidationError(error.detail) from error

    def clean_texts(self) -> dict[str, object]:
        return self.cleaned_data["texts"] or {}  # an emptied field


@admin.register(Site)
class SiteAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = SiteForm
    list_display = ["key", "name", "moderation", "realtime", "created"]
    search_fields = ["key", "name"]

    def get_readonly_fields(self, request: object, obj: Site | None = None) -> list[str]:
        return ["key"] if obj else []  # thread keys are made from it

    def has_delete_permission(self, request: object, obj: Site | None = None) -> bool:
        return False  # its threads' numbers would start anew under readers' eyes
