"""The server's side of the catalogues: which language, which plural, and an owner's own texts."""

import json
import subprocess
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from comments.sites import texts

COUNTED_BY_INTL = """
const languages = JSON.parse(process.argv[1]), counts = JSON.parse(process.argv[2]);
console.log(JSON.stringify(Object.fromEntries(languages.map((language) => {
  const rules = new Intl.PluralRules(language);
  return [language, counts.map((count) => rules.select(count))];
}))));
"""


@pytest.mark.parametrize(
    ("wish", "tag"),
    [
        ("de", "de"),
        ("de-AT", "de-AT"),
        ("AR-eg", "AR-eg"),
        ("fr-Latn-CA", "fr-Latn-CA"),
        ("es-419", "es-419"),
        ("de-12", "de"),
        ("en-US-US-US", "en"),
        ("pt-BR", "en"),
        ("", "en"),
        ("xx", "en"),
        ('"><script>', "en"),
    ],
)
def test_a_wish_is_met_as_far_as_there_is_a_catalogue(wish: str, tag: str) -> None:
    assert texts.known_tag(wish) == tag


def test_arabic_is_written_from_right_to_left() -> None:
    assert [texts.direction(tag) for tag in ("ar", "ar-EG", "AR", "de")] == ["rtl", "rtl", "rtl", "ltr"]


def test_plurals_are_those_of_browsers() -> None:
    counts = [*range(1_000), 1_000_000, 1_000_001, 2_000_000, 10_000_002, 1_000_000_000]

    ran = subprocess.run(
        ["node", "-e", COUNTED_BY_INTL, json.dumps(texts.LANGUAGES), json.dumps(counts)],
        capture_output=True,
        check=True,
        text=True,
    )

    for language, categories in json.loads(ran.stdout).items():
        assert [texts.plural_category(language, count) for count in counts] == categories, language


def test_counts_are_written_in_the_language() -> None:
    arabic, german = (texts.page_texts(tag, {})["comments"] for tag in ("ar", "de"))
    own = texts.page_texts("de", {"de": {"comments": {"other": "{n} Stimmen"}}})["comments"]

    assert texts.counted_text("ar", arabic, 2) == "تعليقان"
    assert texts.counted_text("de", german, 1234) == "1.234 Kommentare"
    assert texts.counted_text("de", own, 2) == "2 Stimmen"


def test_an_owners_texts_take_the_place_of_the_catalogues() -> None:
    owner: dict[str, Any] = {
        "en": {"placeholder": "Say hello…", "comments": {"other": "{n} voices"}},
        "de": {"post": "Los"},
    }

    found = texts.page_texts("en-GB", owner)

    assert found["placeholder"] == "Say hello…"
    assert "placeholder" not in texts.app_texts("en-GB", owner)
    assert found["comments"] == {"one": "{n} comment", "other": "{n} voices"}
    assert texts.app_texts("de", owner, "write")["post"] == "Los"


def test_rows_from_elsewhere_break_nothing() -> None:
    owner: dict[str, Any] = {"en": {"gone": "No such key.", "comments": "no forms", "live": {"one": "1"}}}

    assert texts.app_texts("en", owner) == texts.app_texts("en", {})


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ([], "Texts are a JSON object by language"),
        ({"xx": {}}, "There is no language 'xx'"),
        ({"en": "Hi"}, "en: texts by key are expected"),
        ({"en": {"plaecholder": "Hi"}}, "en: plaecholder: there is no text of that name."),
        ({"en": {"post": 7}}, "en: post: a text is expected"),
        ({"en": {"post": " "}}, "not an empty one"),
        ({"en": {"post": "x" * 201}}, "201 characters are too long; the most is 200."),
        ({"en": {"post": "a\nb"}}, "line breaks"),
        ({"en": {"post": "a\u202eb"}}, "direction characters"),
        ({"en": {"post": {"one": "Post"}}}, "en: post: a text is expected"),
        ({"en": {"post": "Post {n}"}}, "{n} stands for nothing here."),
        ({"en": {"replyTo": "in reply"}}, "{n} is missing."),
        ({"en": {"comments": "Comments"}}, "plural forms are expected here, by category: one, other."),
        ({"en": {"comments": {"few": "{n}"}}}, "no plural form 'few'; it has one, other."),
        ({"ar": {"comments": {"one": "{x}"}}}, "{x} stands for nothing here."),
    ],
)
def test_a_wrong_text_is_refused_with_what_is_wrong(value: Any, sentence: str) -> None:
    with pytest.raises(ValidationError) as refused:
        texts.validate_overrides(value)

    assert sentence in " ".join(refused.value.messages)


def test_good_texts_are_taken() -> None:
    texts.validate_overrides(
        {"en": {"post": "Send"}, "ar": {"comments": {"one": "صوت واحد", "few": "{n} أصوات"}}, "ja": {}}
    )
