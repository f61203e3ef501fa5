"""Who may open a reader's socket, and who is told no."""

import pytest

from comments.cells import signed_path
from tests.nginx.instances import KEY, ORIGIN, SECRET, Push, live_path, running_push
from tests.nginx.talk import EventStream, Refused, WebSocket, ask, connected

OTHER_KEY = "z" * 26
LONG_AGO = 1_000_000_000


def status_of(push: Push, path: str, headers: dict[str, str] | None = None) -> int:
    """What a WebSocket handshake and an EventSource are answered, which must agree but for success."""
    statuses = []
    for carrier in (WebSocket, EventStream):
        try:
            with carrier(connected(push.port), path, headers) as reader:
                statuses.append(200 if reader.status == 101 else reader.status)
        except Refused as refused:
            statuses.append(refused.status)
    assert statuses[0] == statuses[1]
    return statuses[0]


def test_a_signed_address_opens_both_carriers(push: Push) -> None:
    assert status_of(push, live_path()) == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/live/{KEY}", 403),
        (f"/live/{KEY}?e=4000000000", 403),
        (f"/live/{KEY}?s=AAAAAAAAAAAAAAAAAAAAAA", 403),
        (f"/live/{KEY}?e=4000000000&s=AAAAAAAAAAAAAAAAAAAAAA", 403),
        (live_path(OTHER_KEY).replace(OTHER_KEY, KEY), 403),
        (live_path().replace("e=4", "e=5"), 403),
        (live_path(now=LONG_AGO), 410),
        (live_path(KEY.upper()), 404),
        (live_path(KEY + "a"), 404),
        (live_path().replace("/live/", "/live//"), 200),
        ("/", 404),
        ("/pub/" + KEY, 404),
        ("/status", 404),
    ],
)
def test_an_address_without_a_good_signature_is_refused(push: Push, path: str, status: int) -> None:
    assert status_of(push, path) == status


def test_another_secrets_signature_is_refused(push: Push) -> None:
    assert status_of(push, signed_path(KEY, now=4e9, secret=SECRET[::-1])) == 403


def test_pages_of_kibitzs_own_origin_may_read_and_others_may_not(push: Push) -> None:
    assert status_of(push, live_path(), {"Origin": ORIGIN}) == 200

    for foreign in ("https://evil.example", f"{ORIGIN}.evil.example", "null", ORIGIN.upper() + "x"):
        assert status_of(push, live_path(), {"Origin": foreign}) == 403


def counts_path(*, now: float = 4e9) -> str:
    return signed_path(KEY, now=now, secret=SECRET, kind="counts/")


def test_pages_of_every_origin_may_read_a_sites_counts(push: Push) -> None:
    for origin in (ORIGIN, "https://blog.example.org", "null"):
        assert status_of(push, counts_path(), {"Origin": origin}) == 200

    with WebSocket(connected(push.port), counts_path(), {"Origin": "https://blog.example.org"}) as reader:
        push.wait_for_readers(1)
        push.publish('{"counts":{}}')
        assert reader.text() == '{"counts":{}}'
    push.wait_for_readers(0)


def test_the_address_of_a_thread_opens_no_counts_and_theirs_no_thread(push: Push) -> None:
    assert status_of(push, live_path().replace("/live/", "/live/counts/")) == 403
    assert status_of(push, counts_path().replace("/live/counts/", "/live/")) == 403
    assert status_of(push, f"/live/counts/{KEY}") == 403
    assert status_of(push, counts_path(now=LONG_AGO)) == 410
    assert status_of(push, counts_path(), {"If-None-Match": "0"}) == 400


def test_an_event_source_may_be_read_by_that_origin_without_credentials(push: Push) -> None:
    with EventStream(connected(push.port), live_path(), {"Origin": ORIGIN}) as reader:
        assert reader.headers["access-control-allow-origin"] == ORIGIN
        assert "access-control-allow-credentials" not in reader.headers


@pytest.mark.parametrize("accept", ["*/*", "multipart/mixed", "application/json"])
def test_other_carriers_do_not_exist(push: Push, accept: str) -> None:
    assert ask(push.port, "GET", live_path(), {"Accept": accept}).status == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "HEAD"])
def test_a_readers_address_takes_nothing_but_reading(push: Push, method: str) -> None:
    with WebSocket(connected(push.port), live_path()) as reader:
        push.wait_for_readers(1)

        answer = ask(push.port, method, live_path(), body=b"{}" if method in {"POST", "PUT"} else b"")

        assert answer.status == 405
        assert not reader.is_ended()
    push.wait_for_readers(0)


@pytest.mark.parametrize("header", ["If-None-Match", "If-Modified-Since"])
def test_a_header_that_names_a_message_is_refused(push: Push, header: str) -> None:
    assert status_of(push, live_path(), {header: "0"}) == 400


def test_a_browsers_last_event_id_changes_nothing(push: Push) -> None:
    assert status_of(push, live_path() + "&last_event_id=5:0", {"Last-Event-ID": "5:0"}) == 200


def test_headers_have_a_limit(push: Push) -> None:
    assert status_of(push, live_path(), {"X-Long": "x" * 3_000}) == 200

    assert status_of(push, live_path(), {"X-Long": "x" * 5_000}) == 400
    assert status_of(push, live_path(), {f"X-{i}": "x" * 1_000 for i in range(12)}) == 400
    assert status_of(push, live_path() + "&x=" + "x" * 5_000) == 414


@pytest.mark.parametrize("claimed", [200, 70_000, 2**40])
def test_a_reader_that_sends_is_closed_whatever_size_it_claims(push: Push, claimed: int) -> None:
    with WebSocket(connected(push.port), live_path()) as bystander:
        with WebSocket(connected(push.port), live_path()) as reader:
            push.wait_for_readers(2)

            reader.send(1, b"x" * min(claimed, 2_000), claimed=claimed)

            push.wait_for_readers(1)
        assert not bystander.is_ended()
    push.wait_for_readers(0)


def test_it_answers_health_and_hides_its_version(push: Push) -> None:
    answer = ask(push.port, "GET", "/healthz")

    assert (answer.status, answer.body, answer.headers["server"]) == (200, b"ok\n", "nginx")


def test_a_request_that_never_ends_is_dropped() -> None:
    with running_push(_impatient) as push, connected(push.port, timeout_seconds=15) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")

        with pytest.raises(ConnectionResetError):
            connection.recv(1000)


def _impatient(config: str) -> str:
    """Waits a second instead of ten; tests/nginx/test_front.py waits for the ten, which both have."""
    whole = "client_header_timeout 10s;"
    assert whole in config
    return config.replace(whole, "client_header_timeout 1s;")
