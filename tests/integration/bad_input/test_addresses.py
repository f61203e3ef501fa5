"""Addresses, methods and formats that are not there."""

import pytest

from tests.cast import API, Page, Person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nothing_is_stored")]


@pytest.mark.parametrize("number", ["0", "1" + "0" * 17])
def test_an_unknown_post_is_not_found(number: str, mallory: Person) -> None:
    path = f"{API}posts/{number}/"
    answers = [
        mallory.get(path),
        mallory.send("PATCH", path, {"body": "Hello."}),
        mallory.send("DELETE", path),
        mallory.send("PUT", path + "vote/", {"value": 1}),
        mallory.send("POST", path + "flag/", {}),
    ]

    assert {(answer.status, answer.code) for answer in answers} == {(404, "unknown_post")}


@pytest.mark.parametrize(
    "path",
    [
        "nothing/",
        "posts/",
        "posts/x/",
        "posts/-1/",
        "posts/9999999999999999999999/",
        "threads/",
        "sites/blog/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_address_that_leads_nowhere_says_so_in_json(method: str, path: str, mallory: Person) -> None:
    answer = mallory.send(method, API + path, {} if method == "POST" else None)

    assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize("header", ["1", ""])
@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "threads/{key}/", "GET, HEAD, OPTIONS"),
        ("GET", "threads/{key}/posts/", "POST, OPTIONS"),
        ("PUT", "threads/{key}/posts/", "POST, OPTIONS"),
        ("DELETE", "threads/{key}/head/", "GET, HEAD, OPTIONS"),
        ("PATCH", "threads/{key}/events/", "GET, HEAD, OPTIONS"),
        ("POST", "sites/blog/thread/", "GET, HEAD, OPTIONS"),
        ("POST", "sites/blog/counts/", "GET, HEAD, OPTIONS"),
        ("POST", "posts/1/", "GET, PATCH, DELETE, HEAD, OPTIONS"),
        ("POST", "posts/1/vote/", "PUT, OPTIONS"),
        ("GET", "posts/1/flag/", "POST, OPTIONS"),
        ("GET", "preview/", "POST, OPTIONS"),
        ("BREW", "preview/", "POST, OPTIONS"),
    ],
)
def test_a_method_that_is_not_there_is_refused(
    method: str, path: str, allowed: str, header: str, mallory: Person, page: Page
) -> None:
    answer = mallory.send(method, API + path.format(key=page.key), {}, {"X-Kibitz": header})

    assert (answer.status, answer.code) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize("query", ["sort=", "limit=", "root=", "after="])
def test_an_empty_value_is_not_taken_for_none(query: str, mallory: Person, page: Page) -> None:
    answer = mallory.send("GET", f"{page.path}?{query}")

    assert (answer.status, answer.code) == (400, "invalid")
    assert list(answer.data["fields"]) == [query.rstrip("=")]


def test_a_host_that_is_none_is_refused_in_json(mallory: Person, page: Page) -> None:
    answer = mallory.send("GET", page.path, headers={"Host": "a b"})

    assert (answer.status, answer.code) == (400, "invalid")


def test_a_format_that_is_not_spoken_is_refused_in_json(mallory: Person, page: Page) -> None:
    answer = mallory.send("GET", page.path, headers={"Accept": "text/event-stream"})

    assert (answer.status, answer.code) == (406, "not_acceptable")
