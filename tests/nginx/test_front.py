"""The front: one question to the API however many ask, and an answer while it is away."""

import gzip
import json
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from realtime.heads import QUIET_SECONDS
from tests.nginx.instances import KEY, Instance, running_front
from tests.nginx.talk import Answer, ask, connected
from tests.nginx.upstream import Reply, Upstream
from tests.servers import wait_until

THREAD = f"/api/v1/threads/{KEY}/"
FOR_A_SECOND_AND_MORE = {"Cache-Control": "public, max-age=1, stale-while-revalidate=1"}
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
FOR_A_SECOND = {"X-Accel-Expires": "1", "Cache-Control": "no-cache"}


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with tempfile.TemporaryDirectory(prefix="kibitz-api-") as directory:
        Path(directory).chmod(0o711)
        made = Upstream(Path(directory) / "api.sock")
        yield made
        made.stop()


@pytest.fixture
def front(upstream: Upstream) -> Iterator[Instance]:
    with running_front(api=f"unix:{upstream.path}", live=(f"unix:{upstream.path}",)) as instance:
        upstream.requests.clear()
        yield instance


def get(front: Instance, path: str, headers: dict[str, str] | None = None) -> Answer:
    return ask(front.port, "GET", path, {"Host": "front", **(headers or {})})


@pytest.mark.parametrize(
    "path", [THREAD, THREAD + "head/", THREAD + "events/?after=3", THREAD + "?sort=best"]
)
@pytest.mark.parametrize("status", [200, 404, 410])
def test_many_who_ask_at_once_are_one_request(
    front: Instance, upstream: Upstream, path: str, status: int
) -> None:
    upstream.reply = Reply(b'{"seq":1}', status, FOR_A_SECOND if status == 200 else {})
    upstream.may_answer.clear()

    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(get, front, path) for _ in range(20)]
        wait_until(lambda: upstream.requests, message="a request")
        upstream.may_answer.set()
        answers = [one.result() for one in asked]

    assert {(answer.status, answer.body) for answer in answers} == {(status, b'{"seq":1}')}
    assert len(upstream.requests) == 1


def test_a_crowd_does_not_wait_itself_into_the_api_while_that_is_slow(
    front: Instance, upstream: Upstream
) -> None:
    upstream.reply = Reply(b'{"seq":1}', 200, FOR_A_SECOND)
    upstream.may_answer.clear()

    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(get, front, THREAD + "events/?after=3") for _ in range(20)]
        wait_until(lambda: len(upstream.requests) >= 2, message="the second try after 5 s")
        time.sleep(1)  # all have waited for longer than that now
        upstream.may_answer.set()
        answers = [one.result() for one in asked]

    assert {(answer.status, answer.body) for answer in answers} == {(200, b'{"seq":1}')}
    assert len(upstream.requests) == 2


def test_an_answer_is_fresh_again_after_a_second(front: Instance, upstream: Upstream) -> None:
    upstream.reply = Reply(b"old", headers=FOR_A_SECOND)
    assert get(front, THREAD).headers["x-cache"] == "MISS"
    assert get(front, THREAD).headers["x-cache"] == "HIT"

    upstream.reply = Reply(b"new")

    wait_until(lambda: get(front, THREAD).body == b"new", seconds=5, message="the new answer")


def test_nobody_waits_while_a_stale_answer_is_refreshed(front: Instance, upstream: Upstream) -> None:
    upstream.reply = Reply(b"old", headers=FOR_A_SECOND_AND_MORE)
    get(front, THREAD)
    upstream.may_answer.clear()

    wait_until(lambda: get(front, THREAD).headers["x-cache"] == "STALE", message="a stale answer")
    assert get(front, THREAD).body == b"old"

    upstream.reply = Reply(b"new")
    upstream.may_answer.set()


def test_no_answer_is_older_than_the_announcement_of_the_head(front: Instance, upstream: Upstream) -> None:
    kept = {
        THREAD: FOR_A_SECOND_AND_MORE,
        THREAD + "head/": FOR_A_SECOND,
        THREAD + "events/?after=3": FOR_A_SECOND,
    }
    for path, headers in kept.items():
        upstream.reply = Reply(b"old", headers=headers)
        get(front, path)
    made_at = time.monotonic()
    upstream.reply = Reply(b"new", headers=FOR_A_SECOND)

    # Nobody asks meanwhile, as in a quiet thread: the first who asks again must not get what lay there.
    wait_until(lambda: time.monotonic() - made_at > QUIET_SECONDS[0], message="the head's time")

    assert {get(front, path).body for path in kept} == {b"new"}


def test_browsers_keep_no_answer_of_their_own(front: Instance, upstream: Upstream) -> None:
    upstream.reply = Reply(b"{}", headers=FOR_A_SECOND)

    assert get(front, THREAD + "head/").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", [THREAD + "head/", THREAD + "events/?after=3"])
def test_nobody_is_told_that_nothing_was_missed_while_the_api_is_away(
    front: Instance, upstream: Upstream, path: str
) -> None:
    upstream.reply = Reply(b"nothing", headers=FOR_A_SECOND)
    get(front, path)
    upstream.stop()

    wait_until(lambda: get(front, path).status == 503, message="the failure")


@pytest.mark.parametrize("fault", ["away", 500, 502, 503])
def test_what_was_read_can_be_read_while_the_api_is_away_or_broken(
    front: Instance, upstream: Upstream, fault: str | int
) -> None:
    upstream.reply = Reply(b"old", headers=FOR_A_SECOND)
    get(front, THREAD)

    if isinstance(fault, int):
        upstream.reply = Reply(b"broken", fault)
    else:
        upstream.stop()

    wait_until(lambda: get(front, THREAD).headers["x-cache"] == "STALE", message="a stale answer")
    assert get(front, THREAD).body == b"old"


def test_one_compression_serves_every_browser(front: Instance, upstream: Upstream) -> None:
    packed = gzip.compress(b"packed")
    upstream.reply = Reply(
        packed, headers={**FOR_A_SECOND, "Content-Encoding": "gzip", "Vary": "Accept-Encoding, Cookie"}
    )
    for accepted in ("gzip, deflate, br", "br;q=1.0, gzip;q=0.8", "deflate, gzip, br, zstd"):
        assert get(front, THREAD, {"Accept-Encoding": accepted}).body == packed
    upstream.reply = Reply(b"plain", headers=FOR_A_SECOND)

    for accepted in ("identity", "br", "gzip;q=0", "gzip; q=0.0, br"):
        assert get(front, THREAD, {"Accept-Encoding": accepted}).body == b"plain"

    assert [request[2].get("accept-encoding") for request in upstream.requests] == ["gzip", None]


def test_the_read_paths_are_asked_for_without_what_tells_readers_apart(
    front: Instance, upstream: Upstream
) -> None:
    get(front, THREAD, {"Cookie": "sessionid=alice", "Authorization": "Bearer alice"})

    _, _, headers = upstream.requests[0]
    assert not {"cookie", "authorization"} & set(headers)


def test_an_answer_that_sets_a_cookie_is_nobody_elses(front: Instance, upstream: Upstream) -> None:
    upstream.reply = Reply(headers={"Set-Cookie": "sessionid=alice", **FOR_A_SECOND})

    for path in (THREAD, "/embed/blog/", "/static/admin.css", "/t/blog/"):
        upstream.requests.clear()
        assert [get(front, path).headers["x-cache"] for _ in range(2)] == ["MISS", "MISS"]
        assert len(upstream.requests) == 2


@pytest.mark.parametrize(
    "path",
    [
        "/embed/blog/?url=x",
        "/api/v1/sites/blog/thread/?page_id=1",
        f"/t/blog/{KEY}/?sort=best",
        f"/t/blog/{KEY}/fragment/",
        f"/t/blog/{KEY}/atom/",
    ],
)
def test_an_answer_that_says_so_is_kept_and_browsers_see_their_own_rule(
    front: Instance, upstream: Upstream, path: str
) -> None:
    upstream.reply = Reply(b"boot", headers=FOR_A_SECOND)

    first, second = get(front, path), get(front, path)

    assert (first.headers["x-cache"], second.headers["x-cache"]) == ("MISS", "HIT")
    assert second.headers["cache-control"] == "no-cache"
    assert "x-accel-expires" not in second.headers


def test_the_front_knows_what_a_reader_has(front: Instance, upstream: Upstream) -> None:
    upstream.reply = Reply(b"page", headers={"ETag": 'W/"e-1-0a"', **FOR_A_SECOND})
    path = f"/t/blog/{KEY}/"
    get(front, path)

    known, other = (get(front, path, {"If-None-Match": mark}) for mark in ('W/"e-1-0a"', 'W/"e-0-0b"'))

    assert (known.status, known.body) == (304, b"")
    assert (other.status, other.body) == (200, b"page")
    assert len(upstream.requests) == 1


def test_a_page_for_who_runs_no_script_can_be_read_while_the_api_is_away(
    front: Instance, upstream: Upstream
) -> None:
    upstream.reply = Reply(b"page", headers=FOR_A_SECOND)
    get(front, f"/t/blog/{KEY}/")

    upstream.stop()

    wait_until(lambda: get(front, f"/t/blog/{KEY}/").headers["x-cache"] == "STALE", message="a stale answer")
    assert get(front, f"/t/blog/{KEY}/").body == b"page"


def test_an_answer_that_does_not_say_so_is_not_kept(front: Instance, upstream: Upstream) -> None:
    upstream.reply = Reply(headers={"Cache-Control": "public, max-age=60"})

    assert [get(front, "/api/v1/sites/blog/counts/").headers["x-cache"] for _ in range(2)] == ["MISS", "MISS"]


@pytest.mark.parametrize(
    "path", ["/static/admin/base.css", "/embed.js", "/embed/app.0a1b.js", "/embed/write.0a1b.js"]
)
def test_files_are_kept_by_their_own_rule_and_stay_while_the_api_is_away(
    front: Instance, upstream: Upstream, path: str
) -> None:
    upstream.reply = Reply(b"file", headers=FOREVER)
    get(front, path)

    upstream.stop()

    assert (get(front, path).body, get(front, path).headers["x-cache"]) == (b"file", "HIT")


def test_writing_goes_through_each_time(front: Instance, upstream: Upstream) -> None:
    for _ in range(2):
        ask(front.port, "POST", THREAD + "posts/", body=b'{"body":"hi"}')

        ask(front.port, "POST", THREAD, body=b"x")  # which the API refuses in its own words

    assert [request[0] for request in upstream.requests] == ["POST"] * 4


def test_the_api_hears_who_asks_from_the_front_alone(front: Instance, upstream: Upstream) -> None:
    lies = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https", "X-Forwarded-Port": "1"}

    get(front, "/admin/", lies)

    _, _, headers = upstream.requests[0]
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    assert headers["x-forwarded-port"] == str(front.port)
    assert headers["host"] == "front"


def test_two_hosts_have_an_answer_each(front: Instance, upstream: Upstream) -> None:
    ask(front.port, "GET", THREAD, {"Host": "one"})

    assert ask(front.port, "GET", THREAD, {"Host": "two"}).headers["x-cache"] == "MISS"


def test_bodies_and_headers_have_limits(front: Instance, upstream: Upstream) -> None:
    assert ask(front.port, "POST", THREAD + "posts/", body=b"x" * 256 * 1024).status == 200

    too_large = ask(front.port, "POST", THREAD + "posts/", body=b"x" * (256 * 1024 + 1))
    assert (too_large.status, json.loads(too_large.body)["code"]) == (413, "too_large")
    picture = "/api/v1/sites/blog/session/avatar/"
    assert ask(front.port, "PUT", picture, body=b"x" * 2 * 1024 * 1024).status == 200
    too_large = ask(front.port, "PUT", picture, body=b"x" * (2 * 1024 * 1024 + 1))
    assert (too_large.status, json.loads(too_large.body)["code"]) == (413, "too_large")
    assert ask(front.port, "PUT", picture + "gravatar/", body=b"x" * (256 * 1024 + 1)).status == 413
    assert get(front, "/", {"X-Long": "x" * 9_000}).status == 400
    assert get(front, "/?" + "x" * 9_000).status == 414
    assert not list((front.runtime / "front.body").iterdir())


def test_metrics_are_for_this_machine(upstream: Upstream, front: Instance) -> None:
    assert get(front, "/metrics").status == 200
    with_others = ask(front.port, "GET", "/metrics", source="127.0.0.2")

    assert with_others.status == 403


def test_a_websocket_upgrade_reaches_the_interactive_server(front: Instance, upstream: Upstream) -> None:
    get(front, f"/live/{KEY}", {"Connection": "Upgrade", "Upgrade": "websocket"})

    _, path, headers = upstream.requests[0]
    assert (path, headers["upgrade"], headers["connection"]) == (f"/live/{KEY}", "websocket", "upgrade")


def test_a_call_is_told_in_the_apis_own_shape_that_the_api_is_away(
    front: Instance, upstream: Upstream
) -> None:
    upstream.stop()

    for answer in (
        get(front, "/api/v1/sites/blog/counts/?page_id=a"),
        ask(front.port, "POST", THREAD + "posts/", body=b"{}"),
    ):
        said = json.loads(answer.body)
        assert (answer.status, said.pop("code"), said.pop("fields")) == (503, "unavailable", {})
        assert said.pop("detail")
        assert not said
        assert answer.headers["retry-after"] == "2"


def test_a_stopped_api_is_found_again_at_once(front: Instance, upstream: Upstream) -> None:
    upstream.stop()
    assert get(front, "/admin/").status == 502

    upstream.start()

    assert get(front, "/admin/").status == 200
    assert threading.active_count() < 50


def test_a_request_without_an_end_is_dropped(front: Instance) -> None:
    began = time.monotonic()
    with connected(front.port, timeout_seconds=15) as silent, connected(front.port) as slow:
        slow.sendall(b"GET /healthz HTTP/1.1\r\nHost: front\r\nX-Slow: ")

        assert silent.recv(1) == b""
        wait_until(lambda: is_closed_after(slow, b"z"), seconds=15, message="a request that goes on and on")
    assert time.monotonic() - began > 9  # a phone on a bad day has that long


def is_closed_after(connection: socket.socket, said: bytes) -> bool:
    """Says it, and whether nginx has hung up within a twentieth of a second."""
    connection.settimeout(0.05)
    try:
        connection.sendall(said)
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True
