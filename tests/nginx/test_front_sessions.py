"""The front before who signs in: nobody gets another's answer, nor waits for it, and every header arrives."""

import http.client
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.nginx.instances import KEY, Instance, running_front
from tests.nginx.talk import Answer, ask
from tests.nginx.upstream import Reply, Upstream
from tests.servers import wait_until

SESSION = "/api/v1/sites/blog/session/"
OWN = [
    SESSION,
    SESSION + "posts/",
    "/api/v1/sites/blog/codes/7c9e6679-7425-40de-944b-e07fc1f90ae7/",
    "/api/v1/moderation/posts/",
    "/auth/google/?site=blog&challenge=x",
    "/admin/",
]
SHARED = [
    f"/api/v1/threads/{KEY}/",
    f"/api/v1/threads/{KEY}/head/",
    "/api/v1/sites/blog/thread/?page_id=1",
    "/embed/blog/?url=x",
]
FOR_A_SECOND = {"X-Accel-Expires": "1", "Cache-Control": "no-cache"}
COOKIE = "__Host-kibitz-blog=s3cret; HttpOnly; Max-Age=7776000; Path=/; SameSite=None; Secure; Partitioned"


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with tempfile.TemporaryDirectory(prefix="kibitz-api-") as directory:
        Path(directory).chmod(0o711)
        made = Upstream(Path(directory) / "api.sock")
        yield made
        made.stop()


@pytest.fixture(scope="module")
def running(upstream: Upstream) -> Iterator[Instance]:
    with running_front(api=f"unix:{upstream.path}", live=(f"unix:{upstream.path}",)) as instance:
        yield instance


@pytest.fixture
def front(running: Instance, upstream: Upstream) -> Instance:
    upstream.requests.clear()
    upstream.may_answer.set()
    return running


def get(front: Instance, path: str, reader: str, host: str) -> Answer:
    headers = {"Host": host, "Cookie": f"__Host-kibitz-blog={reader}", "Authorization": f"Bearer s.{reader}"}
    return ask(front.port, "GET", path, headers)


@pytest.mark.parametrize("path", OWN)
def test_what_is_somebodys_own_is_asked_for_each_time(front: Instance, upstream: Upstream, path: str) -> None:
    upstream.reply = Reply(b"ann", headers={"Cache-Control": "no-store"})
    assert get(front, path, "ann", "own").body == b"ann"
    upstream.reply = Reply(b"bea", headers={"Cache-Control": "no-store"})

    answer = get(front, path, "bea", "own")

    assert (answer.body, answer.headers["cache-control"]) == (b"bea", "no-store")
    assert [request[2]["cookie"] for request in upstream.requests] == [
        "__Host-kibitz-blog=ann",
        "__Host-kibitz-blog=bea",
    ]


@pytest.mark.parametrize("path", OWN)
def test_nobody_waits_for_what_another_is_told(front: Instance, upstream: Upstream, path: str) -> None:
    upstream.reply = Reply(headers={"Cache-Control": "no-store"})
    upstream.may_answer.clear()

    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(get, front, path, reader, "waiting") for reader in ("ann", "bea")]
        try:
            wait_until(
                lambda: len(upstream.requests) == 2,
                seconds=3,  # a cache's lock would let the second one pass after 5
                message="both requests at the API at once",
            )
        finally:
            upstream.may_answer.set()
        assert [one.result().status for one in asked] == [200, 200]


@pytest.mark.parametrize("path", SHARED)
def test_what_is_the_same_for_all_is_so_whoever_asks(front: Instance, upstream: Upstream, path: str) -> None:
    upstream.reply = Reply(b"all", headers=FOR_A_SECOND)

    answers = [get(front, path, reader, "shared") for reader in ("ann", "bea")]

    assert [(answer.body, answer.headers["x-cache"]) for answer in answers] == [
        (b"all", "MISS"),
        (b"all", "HIT"),
    ]
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("path", SHARED)
@pytest.mark.parametrize("secret", ["Set-Cookie", "X-Kibitz-Token"])
def test_an_answer_with_a_secret_is_kept_for_nobody(
    front: Instance, upstream: Upstream, path: str, secret: str
) -> None:
    upstream.reply = Reply(headers={secret: "s3cret", **FOR_A_SECOND})
    get(front, path, "ann", f"secret-{secret.lower()}")
    upstream.reply = Reply(headers=FOR_A_SECOND)

    answer = get(front, path, "bea", f"secret-{secret.lower()}")

    assert secret.lower() not in answer.headers
    assert len(upstream.requests) == 2


def test_the_cookie_of_a_session_arrives_as_it_was_sent(front: Instance, upstream: Upstream) -> None:
    upstream.reply = Reply(
        headers={"Set-Cookie": COOKIE, "Cache-Control": "no-store", "X-Kibitz-Token": "s.t"}
    )

    connection = http.client.HTTPConnection("127.0.0.1", front.port, timeout=10)
    connection.request("POST", "/api/v1/sites/blog/codes/1/", b"{}", {"X-Kibitz": "1"})
    answer = connection.getresponse()
    connection.close()

    assert answer.headers.get_all("Set-Cookie") == [COOKIE]
    assert answer.headers.get_all("Cache-Control") == ["no-store"]
    assert answer.headers["X-Kibitz-Token"] == "s.t"
