"""Somebody who writes HTTP by hand."""

import json
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Final

import requests

from tests.cast import Page
from tests.nginx.talk import Answer, ask
from tests.running import Run

SITE: Final = "edges"
JSON: Final = {"X-Kibitz": "1", "Content-Type": "application/json"}
PATIENCE_SECONDS: Final = 120.0  # for two hundred at once, on a machine that has other things to do


def call(
    port: int, method: str, path: str, told: object = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """One call of the API, with the header that changes need; `told` as JSON unless it is bytes."""
    body = b"" if told is None else told if isinstance(told, bytes) else json.dumps(told).encode()
    return ask(port, method, path, {**JSON, **(headers or {})}, body, timeout_seconds=PATIENCE_SECONDS)


def post(port: int, page: Page, headers: Mapping[str, str] | None = None, /, **but: object) -> Answer:
    return call(port, "POST", page.path + "posts/", page.comment(**but), headers)


def moderator_cookie(running: Run) -> str:
    """Of a session in the admin, with the password that the first start printed."""
    password = re.search(r"Password +(\S+)", running.log)
    assert password is not None, running.log
    with requests.Session() as browser:
        login = f"{running.url}/admin/login/"
        browser.get(login, timeout=PATIENCE_SECONDS)
        form = {
            "username": "admin",
            "password": password[1],
            "csrfmiddlewaretoken": browser.cookies["csrftoken"],
        }
        browser.post(login, form, timeout=PATIENCE_SECONDS)
        return f"sessionid={browser.cookies['sessionid']}"


def code_of(answer: Answer) -> str:
    """The error's code; fails for what is no error of the documented shape."""
    problem = answer.json()
    assert set(problem) - {"field_codes"} == {"code", "detail", "fields"}, problem
    assert isinstance(problem["detail"], str), problem
    assert problem["detail"], problem
    assert isinstance(problem["fields"], dict), problem
    return str(problem["code"])


def all_at_once(number: int, act: Callable[[int], Answer]) -> list[Answer]:
    """Everybody acts when all are ready."""
    ready = Barrier(number)

    def one(index: int) -> Answer:
        ready.wait(30)
        return act(index)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))
