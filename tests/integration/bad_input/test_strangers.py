"""Requests from elsewhere: without the header, from other origins, for other pages."""

import pytest
from django.test import Client

from comments.models import Site
from comments.threads.page import thread_key
from tests.cast import API, ORIGIN, Answer, Page, Person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nothing_is_stored")]


@pytest.mark.parametrize("sent", [None, "", "0", "2", "1, 1", "yes"])
def test_a_call_that_changes_something_needs_the_header(sent: str | None, post_id: int, page: Page) -> None:
    headers = {} if sent is None else {"X-Kibitz": sent}
    calls = [
        ("POST", page.path + "posts/"),
        ("PATCH", f"{API}posts/{post_id}/"),
        ("DELETE", f"{API}posts/{post_id}/"),
        ("PUT", f"{API}posts/{post_id}/vote/"),
        ("POST", f"{API}posts/{post_id}/flag/"),
        ("POST", f"{API}preview/"),
    ]

    for method, path in calls:
        response = Client().generic(method, path, b"{}", content_type="application/json", headers=headers)
        answer = Answer.of(response)
        assert (answer.status, answer.code) == (403, "header_missing")


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://blog.example.org",
        "https://blog.example.org.evil.example",
        "http://[",
        "x",
    ],
)
def test_a_browser_on_another_site_changes_nothing(
    origin: str, post_id: int, alice: Person, page: Page
) -> None:
    headers = {"Origin": origin}
    answers = [
        alice.send("POST", page.path + "posts/", page.comment(), headers),
        alice.send("PATCH", f"{API}posts/{post_id}/", {"body": "Bye."}, headers),
        alice.send("DELETE", f"{API}posts/{post_id}/", None, headers),
        alice.send("PUT", f"{API}posts/{post_id}/vote/", {"value": 1}, headers),
        alice.send("POST", f"{API}posts/{post_id}/flag/", {}, headers),
    ]

    assert {(answer.status, answer.code) for answer in answers} == {(403, "origin_not_allowed")}


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/first/",
        "http://blog.example.org/first/",
        "https://blog.example.org:8443/",
        "https://blog.example.org.evil.example/",
        "https://evil.example\\@blog.example.org/",
        "javascript:alert(1)",
        "nowhere",
        "https://[blog",
    ],
)
def test_a_page_outside_the_site_is_refused(url: str, mallory: Person, page: Page) -> None:
    answer = mallory.send("POST", page.path + "posts/", page.comment(page=page.named() | {"url": url}))

    assert (answer.status, answer.code) == (403, "origin_not_allowed")


@pytest.mark.parametrize("origin", [ORIGIN, "http://testserver", "http://TESTSERVER"])
def test_the_site_and_kibitz_itself_are_no_strangers(origin: str, post_id: int, alice: Person) -> None:
    answer = alice.send("PATCH", f"{API}posts/{post_id}/", {"body": "Hello."}, {"Origin": origin})

    assert answer.status == 200


@pytest.mark.parametrize(
    "key",
    [
        "x",
        "A" * 26,
        "a" * 25,
        "a" * 27,
        "a" * 25 + "1",
        "a" * 25 + "%0A",
        "a" * 26 + "%0A",
        "%00" * 26,
        "%ff",
        "é" * 26,
        "a" * 5_000,
        "%F0%9F%92%A9",
    ],
)
def test_a_malformed_key_is_refused(key: str, mallory: Person) -> None:
    path = f"{API}threads/{key}/"
    answers = [mallory.get(path), mallory.get(path + "events/", after=0), mallory.get(path + "head/")]
    answers.append(mallory.send("POST", path + "posts/", {"body": "Hello."}))

    assert {(answer.status, answer.code) for answer in answers} == {(400, "malformed_key")}


@pytest.mark.parametrize("key", ["nothing", "Blog", "bl/og", "blog ' or 1=1"])
def test_an_unknown_site_is_refused(key: str, mallory: Person) -> None:
    unknown = Page(site=key, page_id="first")

    answer = mallory.post(page=unknown)

    assert (answer.status, answer.code) == (404, "unknown_site")


def test_a_key_of_another_page_is_refused(mallory: Person, page: Page) -> None:
    for named in (page.named() | {"page_id": "second"}, page.named() | {"page_id": ""}):
        answer = mallory.send("POST", page.path + "posts/", {"body": "Hello.", "page": named})

        assert (answer.status, answer.code) == (400, "key_mismatch")


def test_a_key_of_another_site_is_refused(mallory: Person, limited_site: Site, page: Page) -> None:
    path = f"{API}threads/{thread_key(limited_site.key, page.page_id)}/posts/"

    answer = mallory.send("POST", path, {"body": "Hello.", "page": page.named()})

    assert (answer.status, answer.code) == (400, "key_mismatch")


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [("Authorization", 401, "invalid_token"), ("Idempotency-Key", 400, "invalid")],
)
@pytest.mark.parametrize("value", ["", " ", "x"])
def test_a_token_or_a_key_that_says_nothing_is_refused(
    header: str, status: int, code: str, value: str, mallory: Person, page: Page
) -> None:
    answer = mallory.send("POST", page.path + "posts/", page.comment(), {header: value})

    assert (answer.status, answer.code) == (status, code)
