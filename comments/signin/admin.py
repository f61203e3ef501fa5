"""The providers that an operator sets up; what a site switches on of them is its owner's (SiteSignIn)."""

from typing import Any

from allauth.socialaccount.models import SocialApp
from django import forms
from django.contrib import admin
from django.http import HttpRequest

from comments.signin.providers import NAMES, OPENID, PROVIDER_ID, TAKEN_IDS, id_of


class SocialAppForm(forms.ModelForm):  # type: ignore[type-arg]
    provider = forms.ChoiceField(choices=list(NAMES.items()))
    provider_id = forms.CharField(
        label="Id", max_length=64, required=False, help_text="OpenID Connect alone: its name in addresses."
    )
    secret = forms.CharField(
        max_length=191,
        required=False,
        widget=forms.PasswordInput(attrs={"size": "100", "autocomplete": "off"}),
        help_text="Is not shown again; leave it empty to keep the one that is there.",
    )

    class Meta:
        model = SocialApp
        fields = ("provider", "provider_id", "name", "client_id", "secret", "key", "settings")
        help_texts = {
            "name": "What readers see, of an OpenID Connect provider.",
            "key": "Some providers want one beside the secret.",
            "settings": (
                'OpenID Connect: {"server_url": "https://id.example.org"}. '
                'A provider whose word counts for addresses: {"email_trusted": true}, or a list of domains.'
            ),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("secret"):
            cleaned["secret"] = self.instance.secret
        is_openid = cleaned.get("provider") == OPENID
        chosen = cleaned.get("provider_id") or ""
        if not is_openid:
            cleaned["provider_id"] = ""
        elif not PROVIDER_ID.fullmatch(chosen) or chosen in TAKEN_IDS:
            self.add_error("provider_id", "a-z, 0-9, - and _, and not one that is a provider's already.")
        if is_openid and not str((cleaned.get("settings") or {}).get("server_url", "")).startswith("http"):
            self.add_error("settings", 'OpenID Connect needs {"server_url": "https://…"}.')
        wanted = chosen if is_openid else cleaned.get("provider", "")
        others = SocialApp.objects.exclude(pk=self.instance.pk).filter(provider__in=NAMES)
        if wanted and any(id_of(app) == wanted for app in others):
            self.add_error("provider_id" if is_openid else "provider", "This one is set up already.")
        return cleaned


class SocialAppAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = SocialAppForm
    list_display = ("name", "provider", "provider_id")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _is_operator(request)

    def has_view_permission(self, request: HttpRequest, obj: SocialApp | None = None) -> bool:
        return _is_operator(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_operator(request)

    def has_change_permission(self, request: HttpRequest, obj: SocialApp | None = None) -> bool:
        return _is_operator(request)

    def has_delete_permission(self, request: HttpRequest, obj: SocialApp | None = None) -> bool:
        return _is_operator(request)


def _is_operator(request: HttpRequest) -> bool:
    user = request.user
    return bool(user.is_active and user.is_superuser)
