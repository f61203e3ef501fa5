"""Fields that are wrong are named, and nothing is stored."""

from typing import Any

import pytest

from comments.models import Site
from tests.cast import ORIGIN, Page, Person, page_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nothing_is_stored")]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("body", ""),
        ("body", "  \n\t "),
        ("body", "\u200b\u202e\ufeff"),
        ("body", "\u200d"),
        ("body", "x" * 10_001),
        ("body", "x" * 100_000),
        ("body", "He\x00llo."),
        ("body", "Hello \ud800"),
        ("body", "\udfff\ud800"),
        ("body", None),
        ("body", 7),
        ("body", 7.5),
        ("body", True),
        ("body", ["Hello."]),
        ("body", {"text": "Hello."}),
        ("name", "x" * 65),
        ("name", "mal\x00lory"),
        ("name", "\ud800"),
        ("name", 7),
        ("name", None),
        ("name", ["mallory"]),
        ("email", "nobody"),
        ("email", "a@" + "b" * 300 + ".example"),
        ("email", "a\x00@b.example"),
        ("email", 7),
        ("email", {}),
        ("parent", 0),
        ("parent", -1),
        ("parent", 2**63),
        ("parent", 10**4_000),
        ("parent", 1.0),
        ("parent", 1e300),
        ("parent", "1"),
        ("parent", "x"),
        ("parent", True),
        ("parent", [1]),
        ("parent", {"id": 1}),
        ("page", None),
        ("page", "first"),
        ("page", 7),
        ("page", []),
        ("page", {}),
    ],
)
def test_a_field_that_is_wrong_is_named(field: str, value: object, mallory: Person, page: Page) -> None:
    answer = mallory.send("POST", page.path + "posts/", page.comment(**{field: value}))

    assert (answer.status, answer.code) == (400, "invalid")
    assert {name.partition(".")[0] for name in answer.data["fields"]} == {field}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("site", None),
        ("site", 7),
        ("site", ""),
        ("site", "x" * 65),
        ("site", "bl\x00og"),
        ("page_id", 7),
        ("page_id", ["first"]),
        ("page_id", "x" * 2_001),
        ("page_id", "\x00"),
        ("page_id", "\ud800"),
        ("url", None),
        ("url", ""),
        ("url", 7),
        ("url", ORIGIN + "/" + "x" * 2_000),
        ("url", ORIGIN + "/\x00"),
        ("title", 7),
        ("title", None),
        ("title", "x" * 2_001),
        ("title", "\ud800"),
    ],
)
def test_a_page_that_is_wrong_is_named(field: str, value: object, mallory: Person, page: Page) -> None:
    answer = mallory.send("POST", page.path + "posts/", page.comment(page=page.named() | {field: value}))

    assert (answer.status, answer.code) == (400, "invalid")
    assert list(answer.data["fields"]) == [f"page.{field}"]


@pytest.mark.parametrize("missing", ["body", "page", "page.site", "page.url"])
def test_a_field_that_is_missing_is_named(missing: str, mallory: Person, page: Page) -> None:
    whole: dict[str, Any] = page.comment()
    outer, _, inner = missing.rpartition(".")
    del (whole[outer] if outer else whole)[inner]

    answer = mallory.send("POST", page.path + "posts/", whole)

    assert (answer.status, answer.code) == (400, "invalid")
    assert list(answer.data["fields"]) == [missing]


@pytest.mark.parametrize(
    "name", ["status", "seq", "author", "html", "", "\x00", "\ud800", "é" * 300, "__class__"]
)
def test_a_field_that_nobody_knows_is_refused(name: str, mallory: Person, page: Page) -> None:
    for comment in (page.comment(**{name: 1}), page.comment(page=page.named() | {name: 1})):
        answer = mallory.send("POST", page.path + "posts/", comment)

        assert (answer.status, answer.code) == (400, "unknown_field")
        assert len(answer.data["fields"]) == 1


def test_an_unknown_parent_is_refused(mallory: Person) -> None:
    answer = mallory.post(parent=2**62)

    assert (answer.status, answer.code) == (400, "unknown_parent")


def test_a_parent_in_another_thread_is_refused(mallory: Person, site: Site, post_id: int) -> None:
    answer = mallory.post(parent=post_id, page=page_of(site, "second"))

    assert (answer.status, answer.code) == (400, "parent_elsewhere")


@pytest.mark.parametrize("value", [2, -2, 10**30, 0.5, 1.0, "1", "up", True, None, [1], {"value": 1}])
def test_a_vote_that_is_none_is_refused(value: object, post_id: int, mallory: Person) -> None:
    answer = mallory.vote(post_id, value)

    assert (answer.status, answer.code) == (400, "invalid")
    assert list(answer.data["fields"]) == ["value"]


@pytest.mark.parametrize("reason", ["x" * 501, "\x00", "\ud800", 7, None, []])
def test_a_flag_that_is_wrong_is_refused(reason: object, post_id: int, mallory: Person) -> None:
    answer = mallory.flag(post_id, reason=reason)

    assert (answer.status, answer.code) == (400, "invalid")


@pytest.mark.parametrize("body", ["", "x" * 10_001, "\x00", "\ud800", 7, None])
def test_an_edit_or_a_preview_that_is_wrong_is_refused(body: object, post_id: int, alice: Person) -> None:
    for answer in (alice.edit(post_id, body), alice.preview(body)):
        assert (answer.status, answer.code) == (400, "invalid")
