"""The cast of the tests: people with a browser who use the public API, and the page on which they meet."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.test import Client

from comments.sites.models import Site
from comments.threads.page import thread_key

ORIGIN = "https://blog.example.org"
API = "/api/v1/"


Query = str | int | list[str]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a site, as its embed names it."""

    site: str
    page_id: str
    url: str = ORIGIN + "/first/"
    title: str = "The first article"

    @property
    def key(self) -> str:
        return thread_key(self.site, self.page_id)

    @property
    def path(self) -> str:
        """The address of its thread in the API."""
        return f"{API}threads/{self.key}/"

    def named(self) -> dict[str, str]:
        """What a POST says of it."""
        return {"site": self.site, "page_id": self.page_id, "url": self.url, "title": self.title}

    def comment(self, /, **but: object) -> dict[str, object]:
        """What a POST of a comment says, but for what a test wants otherwise."""
        return {"body": "Hello.", "name": "mallory", "page": self.named()} | but


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the API. `data` is its JSON, None where it has no body."""

    status: int
    data: Any
    headers: Mapping[str, str]

    @classmethod
    def of(cls, response: HttpResponseBase) -> "Answer":
        content: bytes = getattr(response, "content", b"")
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        return cls(
            response.status_code, json.loads(content) if content and is_json else None, response.headers
        )

    @property
    def code(self) -> str:
        """The error's code; fails for what is no error of the documented shape."""
        assert set(self.data) - {"field_codes"} == {"code", "detail", "fields"}, self.data
        assert isinstance(self.data["detail"], str), self.data
        assert self.data["detail"], self.data
        for messages in self.data["fields"].values():
            assert isinstance(messages, list), self.data
            assert all(isinstance(message, str) for message in messages), self.data
        codes = self.data.get("field_codes", {})
        assert {name: len(found) for name, found in codes.items()} == {
            name: len(messages) for name, messages in self.data["fields"].items()
        }, self.data
        return str(self.data["code"])


class Person:
    """Somebody with a browser: it sends what the embed sends, and keeps the token that it is given."""

    def __init__(self, name: str, page: Page) -> None:
        self.name = name
        self.page = page
        self.token = ""
        self.client = Client()

    def post(
        self,
        body: object = "Hello.",
        *,
        parent: int | None = None,
        page: Page | None = None,
        idempotency_key: UUID | str = "",
        **more: object,
    ) -> Answer:
        page = page or self.page
        told = {"body": body, "name": self.name, "page": page.named(), **more}
        if parent is not None:
            told["parent"] = parent
        headers = {"Idempotency-Key": str(idempotency_key)} if idempotency_key else {}
        return self.send("POST", page.path + "posts/", told, headers)

    def posted(self, body: str = "Hello.", *, parent: int | None = None, page: Page | None = None) -> int:
        """Posts what must be taken; the post's id."""
        answer = self.post(body, parent=parent, page=page)
        assert answer.status == 201, answer
        return int(answer.data["id"])

    def look(self, post_id: int) -> Answer:
        return self.send("GET", f"{API}posts/{post_id}/")

    def edit(self, post_id: int, body: object) -> Answer:
        return self.send("PATCH", f"{API}posts/{post_id}/", {"body": body})

    def delete(self, post_id: int) -> Answer:
        return self.send("DELETE", f"{API}posts/{post_id}/")

    def vote(self, post_id: int, value: object) -> Answer:
        return self.send("PUT", f"{API}posts/{post_id}/vote/", {"value": value})

    def flag(self, post_id: int, **said: object) -> Answer:
        return self.send("POST", f"{API}posts/{post_id}/flag/", said)

    def preview(self, body: object) -> Answer:
        return self.send("POST", f"{API}preview/", {"body": body})

    def snapshot(self, **query: Query) -> Answer:
        return self.get(self.page.path, **query)

    def events(self, **query: Query) -> Answer:
        return self.get(self.page.path + "events/", **query)

    def head(self) -> Answer:
        return self.get(self.page.path + "head/")

    def get(self, path: str, **query: Query) -> Answer:
        return Answer.of(self.client.get(path, query))

    def send(
        self, method: str, path: str, told: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """What the embed sends: `told` as JSON unless it is bytes already; `headers` go before its own."""
        raw = b"" if told is None else told if isinstance(told, bytes) else json.dumps(told).encode()
        given = {"X-Kibitz": "1", **(headers or {})}
        if self.token and "Authorization" not in given:
            given["Authorization"] = f"Bearer {self.token}"
        content_type = given.pop("Content-Type", "application/json")
        answer = Answer.of(self.client.generic(method, path, raw, content_type=content_type, headers=given))
        self.token = answer.headers.get("X-Kibitz-Token", self.token)
        return answer


def page_of(site: Site, page_id: str = "first") -> Page:
    return Page(site=site.key, page_id=page_id)
