"""Bodies that are no JSON, nested without end, or too large."""

import json

import pytest

from tests.cast import API, Page, Person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nothing_is_stored")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"7",
        b'"Hello."',
        b"[]",
        b"{}",
        b"Hello.",
        b"{'body': 'Hello.'}",
        b'{"body": "Hello.",}',
        b'{"body": NaN}',
        b'{"parent": Infinity}',
        b'{"body": "He\nllo."}',
        b'{"body": "\xff\xfe"}',
        b'{"body": "\xed\xa0\x80"}',
        b'{"body": "caf\xe9"}',
        b"\xef\xbb\xbf{}",
        '{"body": "Hello."}'.encode("utf-16"),
        b'{"parent": ' + b"9" * 10_000 + b"}",
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"body":' * 25_000 + b"1" + b"}" * 25_000,
        b'{"parent":' * 20_000 + b"1" + b"}" * 20_000,
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_no_json_object_is_refused(body: bytes, mallory: Person, page: Page) -> None:
    answer = mallory.send("POST", page.path + "posts/", body)

    assert answer.status == 400
    assert answer.code in {"malformed_json", "invalid"}


@pytest.mark.parametrize("field", ["body", "parent", "name", "email", "page"])
def test_nesting_that_the_parser_still_takes_is_refused_too(field: str, mallory: Person, page: Page) -> None:
    whole = json.dumps(page.comment(**{field: "PUT"})).encode()

    for depth in range(10, 1_010, 25):
        comment = whole.replace(b'"PUT"', b"[" * depth + b"]" * depth)
        answer = mallory.send("POST", page.path + "posts/", comment)
        assert answer.status == 400
        assert answer.code in {"malformed_json", "invalid"}


@pytest.mark.parametrize("depth", [10, 500, 900, 950, 1_000, 100_000])
def test_a_nested_vote_is_refused(depth: int, post_id: int, mallory: Person) -> None:
    nested = b'{"value": ' + b"[" * depth + b"]" * depth + b"}"

    answer = mallory.send("PUT", f"{API}posts/{post_id}/vote/", nested)

    assert answer.status == 400
    assert answer.code in {"malformed_json", "invalid"}


@pytest.mark.parametrize("size", [256 * 1024 + 1, 300 * 1024, 3 * 1024 * 1024])
def test_a_body_over_256_kb_is_too_large(size: int, mallory: Person, page: Page) -> None:
    answer = mallory.send("POST", page.path + "posts/", b'{"body": "' + b"x" * size + b'"}')

    assert (answer.status, answer.code) == (413, "too_large")


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "",
        "x",
    ],
)
def test_only_json_is_taken(content_type: str, mallory: Person, page: Page) -> None:
    answer = mallory.send("POST", page.path + "posts/", page.comment(), {"Content-Type": content_type})

    assert (answer.status, answer.code) == (415, "unsupported_media_type")
