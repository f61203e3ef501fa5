"""The tree of errors in the docstring is what callers read: it must be complete and true."""

import re

import pytest

from comments import errors
from comments.errors import KibitzError, Throttled
from comments.rest.problems import problem, problem_headers

LINE = re.compile(r"^(?P<branch>[│├└─ ]+)(?P<name>\w+) +(?P<status>\d{3}) (?P<code>\w+)")


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


@pytest.mark.parametrize(("asked", "told"), [(7, "7"), (0, "1"), (-5, "1")])
def test_a_throttle_says_how_long_to_wait_and_never_zero(asked: int, told: str) -> None:
    assert problem_headers(Throttled(asked)) == {"Retry-After": told}
