"""The tree of errors in the docstring is what callers read: it must be complete and true."""

import re

import pytest
from rest_framework.exceptions import ErrorDetail, ValidationError

from comments import errors
from comments.errors import KibitzError, Throttled, UnknownField
from comments.rest.problems import problem, problem_headers, translated
from comments.sites.texts import LANGUAGES, catalogue

LINE = re.compile(r"^(?P<branch>[│├└─ ]+)(?P<name>\w+) +(?P<status>\d{3}) (?P<code>\w+)")


# What only a program that is wrong can cause, what the embed settles by itself (`resync`), and what only
# moderators meet: these keep the server's own sentence.
FOR_PROGRAMS = {
    *("malformed_json", "malformed_key", "unknown_field", "invalid_cursor", "key_mismatch", "header_missing"),
    *("idempotency_key_reused", "resync", "logged_out"),
}
ALSO_ANSWERED = {"error"}  # by rest.problems.broken


def documented() -> list[tuple[str, str, int, str]]:
    """Name, parent, status and code of each line of the docstring's tree."""
    assert errors.__doc__
    found: list[tuple[str, str, int, str]] = []
    above: dict[int, str] = {0: "KibitzError"}
    for line in errors.__doc__.splitlines():
        if match := LINE.match(line):
            depth = len(match["branch"]) // 4
            above[depth] = match["name"]
            found.append((match["name"], above[depth - 1], int(match["status"]), match["code"]))
    return found


def defined() -> list[type[KibitzError]]:
    found: list[type[KibitzError]] = []
    waiting = KibitzError.__subclasses__()
    while waiting:
        kind = waiting.pop()
        found.append(kind)
        waiting += kind.__subclasses__()
    return found


def test_the_tree_names_every_error_with_its_parent_status_and_code() -> None:
    in_code = sorted(
        (kind.__name__, kind.__bases__[0].__name__, kind.status, kind.code) for kind in defined()
    )

    assert sorted(documented()) == in_code


def test_every_error_is_in_the_module_of_the_tree() -> None:
    assert {kind.__module__ for kind in defined()} == {"comments.errors"}


def test_every_code_means_one_thing() -> None:
    codes = [kind.code for kind in defined()]

    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("kind", defined(), ids=lambda kind: kind.__name__)
def test_every_error_has_a_sentence_for_people(kind: type[KibitzError]) -> None:
    error = kind(3) if issubclass(kind, Throttled) else kind()

    shown = problem(error)

    assert shown == {"code": kind.code, "detail": error.detail, "fields": {}}
    assert str(shown["detail"]).endswith(".")


def test_what_is_wrong_with_a_field_has_a_code_beside_its_sentence() -> None:
    error = translated(
        ValidationError({"body": [ErrorDetail("Too long.", code="max_length")], "page": {"url": ["Gone."]}})
    )
    assert error is not None

    shown = problem(error)

    assert shown["fields"] == {"body": ["Too long."], "page.url": ["Gone."]}
    assert shown["field_codes"] == {"body": ["max_length"], "page.url": ["invalid"]}


def test_a_sentence_without_a_code_of_its_own_has_the_errors() -> None:
    shown = problem(UnknownField(fields={"hat": ["There is no such field."]}))

    assert shown["field_codes"] == {"hat": ["unknown_field"]}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_that_readers_meet_has_a_text_in_every_language(language: str) -> None:
    texts = catalogue(language)["app"] | catalogue(language)["write"]
    codes = {kind.code for kind in defined()} | ALSO_ANSWERED

    assert codes - texts.keys() == FOR_PROGRAMS
    assert {key for key in texts if "_" in key} <= codes


@pytest.mark.parametrize(("asked", "told"), [(7, "7"), (0, "1"), (-5, "1")])
def test_a_throttle_says_how_long_to_wait_and_never_zero(asked: int, told: str) -> None:
    assert problem_headers(Throttled(asked)) == {"Retry-After": told}
