"""The form of a site's ways in. The key of its single sign-on goes in, and never comes out again."""

import re
from secrets import token_urlsafe
from typing import Any, Final

from django import forms
from django.core.validators import URLValidator

from comments.signin.models import SiteSignIn
from comments.signin.sso import public_key, require_secret

PROVIDERS_MAX: Final = 20
KEY_MAX_CHARS: Final = 4_096
_PROVIDER: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_KEY_HELP: Final = (
    "The secret of at least 32 bytes (HS256), or the public key as PEM, JWK or base64url (Ed25519)."
)


def new_secret() -> str:
    return token_urlsafe(32)


class KeyArea(forms.Textarea):
    """Never says what it has, not even what was typed a moment ago."""

    def format_value(self, value: object) -> str:
        return ""


class SignInForm(forms.ModelForm):  # type: ignore[type-arg]
    providers = forms.CharField(
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocapitalize": "off"}),
        help_text="Ids of those that the operator has set up, one a line, in the order of the buttons.",
    )
    sso_key = forms.CharField(
        label="Secret or public key",
        required=False,
        max_length=KEY_MAX_CHARS,
        strip=True,
        widget=KeyArea(attrs={"rows": 4, "spellcheck": "false", "autocomplete": "off"}),
    )
    sso_url = forms.URLField(
        label="The site's own sign-in page",
        required=False,
        max_length=200,
        assume_scheme="https",
        validators=[URLValidator(schemes=["http", "https"])],
        help_text="Where “Sign in” leads; empty: the page does it by itself (kibitz:login).",
    )

    class Meta:
        model = SiteSignIn
        fields = [
            "has_codes",
            "has_passkeys",
            "providers",
            "sso_algorithm",
            "sso_key",
            "sso_issuer",
            "sso_url",
        ]
        help_texts = {"sso_issuer": "The tokens' “iss”; empty: one of the site's origins."}

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._stored = self.instance.sso_key
        self.initial["providers"] = "\n".join(self.instance.providers)
        self.initial["sso_key"] = ""
        is_set = " One is set; leave this empty to keep it." if self._stored else ""
        self.fields["sso_key"].help_text = _KEY_HELP + is_set

    def clean_providers(self) -> list[str]:
        ids = list(dict.fromkeys(re.split(r"[\s,]+", self.cleaned_data["providers"].strip())))
        ids = [each for each in ids if each]
        if len(ids) > PROVIDERS_MAX:
            raise forms.ValidationError(f"At most {PROVIDERS_MAX}.")
        if wrong := [each for each in ids if not _PROVIDER.fullmatch(each)]:
            raise forms.ValidationError(f"This is no provider's id: {wrong[0][:64]}")
        return ids

    def clean(self) -> dict[str, Any] | None:
        given = super().clean()
        told = given or self.cleaned_data
        if "sso_key" not in told:
            return given
        is_new = bool(told["sso_key"])
        told["sso_key"] = key = told["sso_key"] or self._stored
        try:
            if told.get("sso_algorithm") == SiteSignIn.Algorithm.HS256:
                require_secret(key)
            elif told.get("sso_algorithm") == SiteSignIn.Algorithm.EDDSA:
                public_key(key)
        except ValueError as error:
            said = str(error) if is_new else "This kind of token needs a key of its own kind here."
            self.add_error("sso_key", said)
        return given

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:  # what is shown again with the errors is what is stored
            self.instance.sso_key = self._stored
