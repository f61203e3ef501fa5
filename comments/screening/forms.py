"""The form of a site's rules: a switch and a place for each phase, and what it goes by."""

from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.forms.boundfield import BoundField

from comments.screening.models import SiteRules
from comments.screening.phases import PHASES
from comments.screening.phases.phase import Phase
from comments.screening.rules import arranged

LISTS: Final = ("rejected_words", "held_words", "blocked_emails", "blocked_addresses")
PLACES_MAX: Final = 99


@dataclass(frozen=True, slots=True)
class Row:
    """A phase on the page."""

    phase: Phase
    switch: BoundField
    place: BoundField
    fields: list[BoundField]

    @property
    def is_on(self) -> bool:
        return self.phase.is_fixed or bool(self.switch.value())

    @property
    def has_errors(self) -> bool:
        return any(field.errors for field in [self.switch, self.place, *self.fields])


class RulesForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = SiteRules
        fields = [name for phase in PHASES.values() for name in phase.fields]
        widgets = {
            name: forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "autocapitalize": "off"})
            for name in LISTS
        }

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        for place, (name, is_on) in enumerate(arranged(self.instance.phases), 1):
            phase = PHASES[name]
            self.fields[f"{name}-is_on"] = forms.BooleanField(
                label="On", required=False, initial=is_on, disabled=phase.is_fixed
            )
            self.fields[f"{name}-place"] = forms.IntegerField(
                label="Place", required=False, initial=place, min_value=0, max_value=PLACES_MAX
            )

    def rows(self) -> list[Row]:
        """The phases as they stand on the page: in the order that was sent, else in the stored one."""
        names = self._ordered({name: self[f"{name}-place"].value() for name in PHASES})
        return [
            Row(
                PHASES[name],
                self[f"{name}-is_on"],
                self[f"{name}-place"],
                [self[field] for field in PHASES[name].fields],
            )
            for name in names
        ]

    def clean(self) -> dict[str, Any] | None:
        given = super().clean()
        told = given or self.cleaned_data
        if told.get("spam_percent", 100) < told.get("spam_hold_percent", 0):
            self.add_error("spam_percent", "Not below the percentage from which comments are held.")
        self.instance.phases = [
            {"phase": name, "is_on": bool(told.get(f"{name}-is_on"))}
            for name in self._ordered({name: told.get(f"{name}-place") for name in PHASES})
        ]
        return given

    def _ordered(self, places: dict[str, Any]) -> list[str]:
        """By place; two at one place as they stood before, and one without a place at the end."""
        before = [name for name, _ in arranged(self.instance.phases)]
        return sorted(before, key=lambda name: _number(places[name]))


def _number(place: Any) -> int:
    try:
        return int(place)
    except (TypeError, ValueError):
        return PLACES_MAX + 1
