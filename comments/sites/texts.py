"""What readers are told, by language: the catalogues in embed/messages, and an owner's own texts."""

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final, Literal

from babel import Locale
from babel.numbers import format_decimal
from django.conf import settings
from django.core.exceptions import ValidationError

Part = Literal["frame", "app", "write"]
_OVERRIDABLE: Final[tuple[Part, ...]] = ("frame", "app", "write")
Texts = dict[str, Any]  # key -> a text, or its plural forms by CLDR category

OTHERWISE: Final = "en"
LANGUAGES: Final = ("ar", "de", "en", "es", "fr", "ja")
RIGHT_TO_LEFT: Final = {"ar"}
TEXT_MAX_CHARS: Final = 200
_TAG: Final = re.compile(r"([A-Za-z]{2,3})(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|[0-9]{3}))?")
_PLACEHOLDER: Final = re.compile(r"\{[^{}]*\}")
_INVISIBLE: Final = re.compile(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@cache
def catalogue(language: str) -> Mapping[str, Texts]:
    """Its parts: `frame`, which stands in the iframe's document, `app`, which travels to every reader for the
    app to say, `write`, which follows where somebody is about to write, and `document`, which stays on the
    server and is no owner's."""
    path = settings.BASE_DIR / "embed" / "messages" / f"{language}.json"
    found: Mapping[str, Texts] = json.loads(path.read_text(encoding="utf-8"))
    return found


def known_tag(wish: str) -> str:
    """The wish as far as there is a catalogue for it: `de-AT` and `de` are, `pt-BR` and nonsense are `en`.
    What comes back is valid for Intl, which throws at other tags."""
    for tag in (wish, wish.partition("-")[0]):
        matched = _TAG.fullmatch(tag)
        if matched and matched[1].lower() in LANGUAGES:
            return tag
    return OTHERWISE


def language_of(tag: str) -> str:
    return tag.partition("-")[0].lower()


def direction(tag: str) -> str:
    return "rtl" if language_of(tag) in RIGHT_TO_LEFT else "ltr"


def app_texts(tag: str, overrides: Mapping[str, Texts], *parts: Part) -> Texts:
    """What the app gets to start with, or these parts; plural forms that the owner left out are the
    catalogue's."""
    language = language_of(tag)
    texts = _joined(language, parts or ("app",))
    wanted = {key: text for key, text in overrides.get(language, {}).items() if key in texts}
    return texts | {
        key: texts[key] | text if isinstance(texts[key], dict) and isinstance(text, dict) else text
        for key, text in wanted.items()
        if isinstance(text, type(texts[key]))
    }


def _joined(language: str, parts: Iterable[Part]) -> Texts:
    return {key: text for part in parts for key, text in catalogue(language)[part].items()}


def document_text(tag: str, key: str, value: str = "") -> str:
    return str(catalogue(language_of(tag))["document"][key]).replace("{n}", value)


def page_texts(tag: str, overrides: Mapping[str, Texts]) -> Texts:
    """What the server writes by itself: all that an owner may word, and what it alone says."""
    return app_texts(tag, overrides, *_OVERRIDABLE) | catalogue(language_of(tag))["document"]


def counted_text(tag: str, forms: Mapping[str, str], count: int) -> str:
    """The plural form that the language counts so with."""
    number = format_decimal(count, locale=language_of(tag))
    return forms[plural_category(tag, count)].replace("{n}", number)


def plural_category(tag: str, count: int) -> str:
    """CLDR's category of a whole number; held against Intl by a test."""
    return Locale.parse(language_of(tag)).plural_form(count)


def validate_overrides(value: object) -> None:
    """Raises ValidationError with one sentence for each thing that is wrong."""
    if not isinstance(value, dict):
        raise ValidationError('Texts are a JSON object by language: {"en": {"placeholder": "Say hello…"}}.')
    errors = []
    for language, texts in value.items():
        if language not in LANGUAGES:
            errors.append(f"There is no language {language!r}; there are {', '.join(LANGUAGES)}.")
        elif not isinstance(texts, dict):
            errors.append(f"{language}: texts by key are expected here.")
        else:
            errors += [problem for key, text in texts.items() for problem in _problems(language, key, text)]
    if errors:
        raise ValidationError(errors)


def _problems(language: str, key: str, text: object) -> list[str]:
    known = _joined(language, _OVERRIDABLE).get(key)
    where = f"{language}: {key}"
    if known is None:
        return [f"{where}: there is no text of that name."]
    if isinstance(known, str):
        return _text_problems(where, text, like=known)
    if not isinstance(text, dict):
        return [f"{where}: plural forms are expected here, by category: {', '.join(known)}."]
    found = []
    for category, form in text.items():
        if category in known:
            found += _text_problems(f"{where}, {category}", form, like=known["other"], may_omit=True)
        else:
            found.append(f"{where}: the language has no plural form {category!r}; it has {', '.join(known)}.")
    return found


def _text_problems(where: str, text: object, *, like: str, may_omit: bool = False) -> list[str]:
    if not isinstance(text, str) or not text.strip():
        return [f"{where}: a text is expected here, and not an empty one."]
    if len(text) > TEXT_MAX_CHARS:
        return [f"{where}: {len(text)} characters are too long; the most is {TEXT_MAX_CHARS}."]
    if _INVISIBLE.search(text):
        return [f"{where}: line breaks, control and direction characters are not possible here."]
    there, wanted = set(_PLACEHOLDER.findall(text)), set(_PLACEHOLDER.findall(like))
    if unknown := there - wanted:
        return [f"{where}: {', '.join(sorted(unknown))} stands for nothing here."]
    if not may_omit and (missing := wanted - there):
        return [f"{where}: {', '.join(sorted(missing))} is missing."]
    return []
