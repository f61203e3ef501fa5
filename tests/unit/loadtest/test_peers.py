"""The comparison with other systems shows every one of them the same thread."""

import json
from typing import Any

import pytest

from loadtest.peers.stubs import ANSWERS
from loadtest.peers.systems import SYSTEMS, System, page
from loadtest.peers.thread import COMMENTS, comments


def test_the_thread_is_that_of_the_seed() -> None:
    written = comments()

    assert len(written) == COMMENTS
    assert [comment.number for comment in written] == list(range(1, COMMENTS + 1))
    assert all((comment.parent == comment.number - 1) is (comment.number % 3 == 0) for comment in written)


def test_waline_is_told_all_of_it() -> None:
    roots = answer("waline", "/api/comment")["data"]["data"]

    assert len(roots) + sum(len(root["children"]) for root in roots) == COMMENTS


def test_artalk_is_told_all_of_it() -> None:
    posts = answer("artalk", "/api/v2/comments")["comments"]

    assert len(posts) == COMMENTS
    known = {post["id"] for post in posts}
    assert all(post["rid"] == 0 or post["rid"] in known for post in posts)


def test_twikoo_is_told_all_of_it() -> None:
    roots = answer("twikoo", "/", {"event": "COMMENT_GET"})["data"]

    assert len(roots) + sum(len(root["replies"]) for root in roots) == COMMENTS


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: str(system.name))
def test_a_page_names_where_everything_is(system: System) -> None:
    html = page(system, kibitz="http://k", site="s", service="http://p", files="http://p/files")

    assert not [name for name in ("{kibitz}", "{site}", "{service}", "{files}") if name in html]
    assert ("http://k" if system.name == "Kibitz" else "http://p") in html


def answer(name: str, path: str, asked: object = None) -> Any:
    return json.loads(json.dumps(ANSWERS[name](path, json.dumps(asked or {}).encode())))
