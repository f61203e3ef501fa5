"""The cast over the network: people who use the public API of a running Kibitz while browsers watch."""

import contextlib
import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from tests.cast import Answer, Page, Person, Query
from tests.servers import wait_until


class Visitor(Person):
    """One whose requests go to a server over one connection."""

    def __init__(self, name: str, page: Page, base_url: str) -> None:
        super().__init__(name, page)
        self._address = urlsplit(base_url).netloc
        self._connection: http.client.HTTPConnection | None = None

    def get(self, path: str, **query: Query) -> Answer:
        return self.send("GET", f"{path}?{urlencode(query, doseq=True)}" if query else path)

    def send(
        self, method: str, path: str, told: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        given = {"X-Kibitz": "1", "Content-Type": "application/json", **(headers or {})}
        if self.token:
            given["Authorization"] = f"Bearer {self.token}"
        body = None if told is None else json.dumps(told)
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._address, timeout=10)
        try:
            self._connection.request(method, path, body, given)
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            self.leave()
            raise
        data: Any = json.loads(content) if content else None
        self.token = answer.getheader("X-Kibitz-Token", self.token)
        return Answer(answer.status, data, dict(answer.getheaders()))

    def posted(self, body: str = "Hello.", *, parent: int | None = None, page: Page | None = None) -> int:
        """The post's id; insists, under one idempotency key, until a server answers."""
        key = uuid4()
        answers: list[Answer] = []

        def is_answered() -> bool:
            with contextlib.suppress(OSError, http.client.HTTPException):
                answers.append(self.post(body, parent=parent, page=page, idempotency_key=key))
            return bool(answers)

        wait_until(is_answered, seconds=30, message=f"an answer to {body!r}")
        assert answers[0].status in {200, 201}, answers[0]
        return int(answers[0].data["id"])

    def leave(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
