"""Bodies and requests at every limit and beyond, as bytes on the wire, where a server in front sees them."""

import gzip
import json
import re
from typing import Final

import pytest

from comments.posting.serializers import NAME_MAX_CHARS
from comments.threads.bootstrap import BODY_MAX_CHARS
from tests.cast import API, Page
from tests.edges.visitor import JSON, call, code_of, post
from tests.nginx.talk import connected
from tests.running import Run

MAX_BYTES: Final = 256 * 1024
MAN_WITH_BEARD: Final = "\U0001f9d4"  # four bytes, and two units of UTF-16
COMPOSED: Final = "e\u0301"  # stored as one character
RIGHT_TO_LEFT: Final = "\u05d0"
LONE: Final = b"\\ud83e"  # half of a character, as JSON may hold it


def exchange(running: Run, sent: bytes) -> bytes:
    """All that a connection of its own is answered, where the server closes it or nothing more comes."""
    with connected(running.port, timeout_seconds=2) as connection:
        received = b""
        try:
            connection.sendall(sent)
            while chunk := connection.recv(65536):
                received += chunk
        except (TimeoutError, ConnectionError):
            pass
        return received


def request(page: Page, body: bytes, *headers: str, method: str = "POST", version: str = "HTTP/1.1") -> bytes:
    lines = [f"{method} {page.path}posts/ {version}", "Host: x", "X-Kibitz: 1", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def statuses(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3})", answer)]


def comment(page: Page, body: bytes = b"Hello.") -> bytes:
    """A comment whose text is given as it stands in the JSON."""
    return json.dumps(page.comment(body="PUT")).encode().replace(b"PUT", body)


@pytest.mark.parametrize(
    "character", ["x", "é", MAN_WITH_BEARD, RIGHT_TO_LEFT, COMPOSED, "\u202e"], ids=ascii
)
def test_a_text_may_have_so_many_characters_and_not_one_more(
    running: Run, page: Page, character: str
) -> None:
    longest = ("x" + character * BODY_MAX_CHARS)[:BODY_MAX_CHARS]

    assert post(running.port, page, body=longest).status == 201
    too_long = post(running.port, page, body=longest + "x")

    assert (too_long.status, code_of(too_long), list(too_long.json()["fields"])) == (400, "invalid", ["body"])


@pytest.mark.parametrize("character", ["x", MAN_WITH_BEARD, RIGHT_TO_LEFT, "\u0301"], ids=ascii)
@pytest.mark.parametrize(("field", "limit"), [("name", NAME_MAX_CHARS), ("title", 2_000), ("page_id", 2_000)])
def test_every_other_field_has_its_limit(
    running: Run, page: Page, field: str, limit: int, character: str
) -> None:
    longest = "x" + character * (limit - 1)

    def told(value: str) -> int:
        if field == "name":
            return post(running.port, page, name=value).status
        if field == "title":
            return post(running.port, page, page=page.named() | {"title": value}).status
        other = Page(page.site, value)
        return post(running.port, other).status

    assert (told(longest), told(longest + "x")) == (201, 400)


@pytest.mark.parametrize(
    ("escaped", "status"),
    [
        (LONE, 400),
        (LONE + LONE, 400),
        (b"\\udd14" + LONE, 400),
        (LONE + b"\\udd14", 201),
        (b"\\u0000", 400),
        (b"\xed\xa0\x80", 400),
        (b"\xf0\x9f\xa7", 400),
        (b"\xc0\x80", 400),
        (b"\\u202eHello.", 201),
        (b"\\ufeffHello.", 201),
        (b"Hello\t.", 400),
        (b"Hello\\t.", 201),
    ],
)
def test_text_that_is_none_is_refused(running: Run, page: Page, escaped: bytes, status: int) -> None:
    answer = call(running.port, "POST", page.path + "posts/", comment(page, escaped))

    assert answer.status == status
    if status == 400:
        assert code_of(answer) in {"malformed_json", "invalid"}


@pytest.mark.parametrize(
    ("path", "method"),
    [("posts/", "POST"), ("/posts/1/", "PATCH"), ("/posts/1/vote/", "PUT"), ("/posts/1/flag/", "POST")],
)
def test_every_call_takes_256_kib_and_not_a_byte_more(
    running: Run, page: Page, path: str, method: str
) -> None:
    where = page.path + path if path[0] != "/" else API + path[1:]
    whole = b'{"x":"' + b"x" * (MAX_BYTES - 8) + b'"}'
    assert len(whole) == MAX_BYTES

    taken = call(running.port, method, where, whole)
    too_large = call(running.port, method, where, whole + b" ")

    assert (taken.status, code_of(taken)) in {(400, "unknown_field"), (404, "unknown_post")}
    assert (too_large.status, code_of(too_large)) == (413, "too_large")


@pytest.mark.parametrize("size", [MAX_BYTES + 1, 2 * 1024 * 1024])
def test_a_body_in_chunks_has_the_same_limit(running: Run, page: Page, size: int) -> None:
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (size, b"x" * size)

    answer = exchange(running, request(page, chunks, "Transfer-Encoding: chunked"))

    assert statuses(answer) == [413]
    assert json.loads(answer.rpartition(b"\r\n\r\n")[2])["code"] == "too_large"


def test_a_body_in_chunks_makes_a_post(running: Run, page: Page) -> None:
    whole = comment(page)
    chunks = b"".join(b"%x;a=b\r\n%b\r\n" % (len(part), part) for part in (whole[:7], whole[7:8], whole[8:]))

    answer = exchange(
        running,
        request(page, chunks + b"0\r\n\r\n", "Transfer-Encoding: chunked", "Content-Type: application/json"),
    )

    assert statuses(answer) == [201]


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: -1",),
        ("Content-Length: +5",),
        ("Content-Length: abc",),
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: gzip",),
        ("no colon here", "Content-Length: -1"),
        ("X: a\x00b",),
    ],
    ids=str,
)
def test_broken_http_is_refused_and_the_connection_ends(
    running: Run, page: Page, headers: tuple[str, ...]
) -> None:
    answer = exchange(running, request(page, b"hello", *headers))

    assert statuses(answer) in ([400], [501])


@pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
def test_methods_that_are_for_proxies_are_refused(running: Run, page: Page, method: str) -> None:
    assert statuses(exchange(running, request(page, b"", method=method))) == [405]


def test_a_body_that_is_shorter_than_it_says_makes_no_post(running: Run, page: Page) -> None:
    whole = comment(page)

    exchange(
        running, request(page, whole, f"Content-Length: {len(whole) + 1}", "Content-Type: application/json")
    )

    assert call(running.port, "GET", page.path + "head/").json()["seq"] == 0


def test_a_body_that_is_longer_than_it_says_makes_no_post(running: Run, page: Page) -> None:
    whole = comment(page)

    answer = exchange(
        running, request(page, whole, f"Content-Length: {len(whole) - 1}", "Content-Type: application/json")
    )

    assert statuses(answer)[0] == 400
    assert call(running.port, "GET", page.path + "head/").json()["seq"] == 0


@pytest.mark.parametrize(
    ("headers", "body", "status", "code"),
    [
        ({"Content-Type": ""}, b"{}", 415, "unsupported_media_type"),
        ({"Content-Type": "multipart/form-data"}, b"{}", 415, "unsupported_media_type"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"a=b", 415, "unsupported_media_type"),
        ({"Content-Encoding": "gzip"}, gzip.compress(b"{}"), 400, "malformed_json"),
        ({}, b"[" * 100_000, 400, "malformed_json"),
        ({}, b'{"parent":' + b"9" * 5_000 + b"}", 400, "malformed_json"),
        ({}, b'{"parent":1e999}', 400, "invalid"),
        ({"Idempotency-Key": ""}, b"", 400, "invalid"),
        ({"Idempotency-Key": "\xff"}, b"", 400, "invalid"),
        ({"Authorization": ""}, b"", 401, "invalid_token"),
        ({"Authorization": "Bearer \xff"}, b"", 401, "invalid_token"),
    ],
    ids=str,
)
def test_what_is_no_comment_is_refused_in_json(
    running: Run, page: Page, headers: dict[str, str], body: bytes, status: int, code: str
) -> None:
    answer = call(running.port, "POST", page.path + "posts/", body or comment(page), headers)

    assert (answer.status, code_of(answer)) == (status, code)


def test_of_a_name_that_comes_twice_the_last_counts(running: Run, page: Page) -> None:
    twice = comment(page).replace(b'{"body"', b'{"body": "First.", "body"', 1)

    answer = call(running.port, "POST", page.path + "posts/", twice)

    assert answer.status == 201
    assert answer.json()["body"] == "Hello."


def test_a_refused_body_leaves_the_connection_usable(running: Run, page: Page) -> None:
    wrong, right = b'{"body": 7}', comment(page)
    first = request(page, wrong, f"Content-Length: {len(wrong)}", "Content-Type: application/json")
    second = request(page, right, f"Content-Length: {len(right)}", "Content-Type: application/json")

    answer = exchange(running, first.replace(b"Connection: close\r\n", b"") + second)

    assert statuses(answer) == [400, 201]


def test_a_url_without_end_is_refused(running: Run, page: Page) -> None:
    line = f"GET {page.path}?x={'x' * 20_000} HTTP/1.1\r\nHost: x\r\n\r\n"

    assert statuses(exchange(running, line.encode()))[0] in {400, 414}


def test_who_is_told_to_wait_is_told_how_long(running: Run) -> None:
    answers = [call(running.port, "POST", f"{API}preview/", {"body": "x"}, JSON) for _ in range(62)]

    assert answers[-1].status == 429
    assert {code_of(answer) for answer in answers if answer.status == 429} == {"throttled"}
    assert all(1 <= int(answer.headers["retry-after"]) <= 60 for answer in answers if answer.status == 429)
