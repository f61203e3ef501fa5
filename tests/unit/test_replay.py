"""Replaying a recorded thread: its pace, and what a server in trouble makes of it."""

import json
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments.demo.recordings import Recorded
from comments.demo.replay import ATTEMPTS, ReplayFailed, Target, paced, post_comment

START = datetime(2013, 11, 7, tzinfo=UTC)
HELLO = Recorded("alice", "Hello", START, False)

Reply = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """A web server that answers what a test told it to, and keeps what it was sent."""

    def __init__(self) -> None:
        self.replies: deque[Reply] = deque()
        self.sent: list[tuple[str, dict[str, str], Any]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.sent.append((self.path, dict(self.headers), body))
                server.replies.popleft()(self)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


def answers(status: int, body: str, **headers: str) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body.encode())

    return reply


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


def breaks_off(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(201)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"id"')
    handler.close_connection = True


TAKEN = answers(201, '{"id": 7}')


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


@pytest.fixture
def target(server: Server) -> Target:
    return Target(server.url, "k" * 26, {"site": "demo", "page_id": "/demo/", "url": server.url, "title": ""})


def test_it_posts_as_the_embed_does(server: Server, target: Target) -> None:
    server.replies += [TAKEN]

    post_id = post_comment(target, HELLO)

    ((path, headers, body),) = server.sent
    assert post_id == 7
    assert path == f"/api/v1/threads/{'k' * 26}/posts/"
    assert headers["X-Kibitz"] == "1"
    assert body == {"body": "Hello", "name": "alice", "page": target.page}


def test_it_waits_as_long_as_a_throttle_says(server: Server, target: Target) -> None:
    slept: list[float] = []
    server.replies += [answers(429, "{}", Retry_After="7"), TAKEN]

    post_comment(target, HELLO, sleep=slept.append)

    assert slept == [7.0]


@pytest.mark.parametrize("loses", [hangs_up, breaks_off], ids=["before the answer", "within the answer"])
def test_it_tries_a_lost_connection_again_under_the_same_key(
    loses: Reply, server: Server, target: Target
) -> None:
    server.replies += [loses, TAKEN]

    post_id = post_comment(target, HELLO, sleep=lambda _: None)

    first, second = (headers["Idempotency-Key"] for _, headers, _ in server.sent)
    assert post_id == 7
    assert first == second


def test_another_comment_has_another_key(server: Server, target: Target) -> None:
    server.replies += [TAKEN, TAKEN]

    post_comment(target, HELLO)
    post_comment(target, HELLO)

    assert len({headers["Idempotency-Key"] for _, headers, _ in server.sent}) == 2


def test_a_refusal_is_final_and_says_why(server: Server, target: Target) -> None:
    server.replies += [answers(403, '{"code": "thread_locked"}')]

    with pytest.raises(ReplayFailed, match=r"403.*thread_locked"):
        post_comment(target, HELLO)


def test_it_gives_up_on_a_server_that_only_throttles(server: Server, target: Target) -> None:
    server.replies += [answers(429, "{}", Retry_After="1")] * ATTEMPTS

    with pytest.raises(ReplayFailed, match="429"):
        post_comment(target, HELLO, sleep=lambda _: None)


def test_it_gives_up_on_a_server_that_is_not_there(free_port: int) -> None:
    slept: list[float] = []
    target = Target(f"http://127.0.0.1:{free_port}", "k" * 26, {})

    with pytest.raises(ReplayFailed, match="refused"):
        post_comment(target, HELLO, sleep=slept.append)

    assert len(slept) == ATTEMPTS
    assert slept == sorted(slept)


def test_an_answer_that_is_no_posts_is_a_failure(server: Server, target: Target) -> None:
    server.replies += [answers(200, "<!doctype html>")]

    with pytest.raises(ReplayFailed, match="no Kibitz"):
        post_comment(target, HELLO)


def test_an_address_that_is_none_is_a_failure() -> None:
    with pytest.raises(ReplayFailed, match="nowhere"):
        post_comment(Target("nowhere", "k" * 26, {}), HELLO, sleep=lambda _: None)


def test_the_pace_is_the_recorded_one_faster() -> None:
    comments = [
        Recorded("alice", str(s), START + timedelta(seconds=s), False) for s in (0, 60, 90, 90, 100_000)
    ]

    pauses = [pause for pause, _ in paced(comments, speed=60, max_pause_seconds=5)]

    assert pauses == [0.0, 1.0, 0.5, 0.0, 5.0]


def test_nothing_to_replay_takes_no_time() -> None:
    assert list(paced([], speed=60, max_pause_seconds=5)) == []


@given(st.lists(st.datetimes(timezones=st.just(UTC)), max_size=20), st.floats(min_value=0.001, max_value=1e6))
def test_a_pause_is_never_negative_nor_longer_than_allowed(times: list[datetime], speed: float) -> None:
    comments = [Recorded("alice", "x", at, False) for at in times]

    paces = list(paced(comments, speed=speed, max_pause_seconds=2.0))

    assert [comment for _, comment in paces] == comments
    assert all(0.0 <= pause <= 2.0 for pause, _ in paces)
