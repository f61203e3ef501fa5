"""What no client of the protocol sends: each ends its own connection at most."""

import json
import socket
import struct
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from realtime.publisher import Frame
from realtime.publisher_channels import ChannelsPublisher
from realtime.requests import MAX_BODY_BYTES
from tests import malformed
from tests.integration.realtime.conftest import KEY, Process, process_starter
from tests.malformed import BINARY, BROKEN_FRAMES, BROKEN_HANDSHAKES, STRANGE_TEXTS, frame, request
from tests.nginx.talk import CLOSE, PING, TEXT, Stream, WebSocket, connected
from tests.servers import wait_until

pytestmark = pytest.mark.one_database

PATH: Final = f"/live/{KEY}"
COUNTS: Final = ("readers", "typing")
PLAIN: Final = {"Upgrade": None, "Connection": None}
FLOOD_BYTES: Final = 64 * 1024 * 1024
MAY_GROW_KB: Final = 16_000


class Server:
    """A running `python -m realtime.server`."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.port = int(process.first_line.rpartition(":")[2])

    def exchange(self, sent: bytes) -> bytes:
        """What a connection of its own is answered, until the server closes it."""
        with connected(self.port) as connection:
            connection.sendall(sent)
            return all_of(connection)

    def resident_kb(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])


@pytest.fixture(scope="module")
def server(redis_url: str) -> Iterator[Server]:
    with process_starter(redis_url) as start:
        yield Server(start("realtime.server", "--port", "0"))


@pytest.fixture
def publisher(redis_url: str) -> ChannelsPublisher:
    return ChannelsPublisher(redis_url)


@pytest.fixture(autouse=True)
def nobody_else_notices(server: Server, publisher: ChannelsPublisher) -> Iterator[None]:
    """A reader who was there before gets the next frame, and the log has nothing to tell."""
    with WebSocket(connected(server.port), PATH) as bob:
        server.process.errors()  # of a test before

        yield

        publisher.publish([Frame(KEY, '{"head":7}')])
        while next_frame(bob) != {"head": 7}:
            pass  # what the test itself published
        assert server.process.errors() == ""


def all_of(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    received = b""
    while True:
        try:
            chunk = connection.recv(65536)
        except ConnectionResetError:
            return received
        if not chunk:
            return received
        received += chunk


def next_frame(reader: WebSocket) -> object:
    """The next frame that is no count."""
    while True:
        opcode, content = reader.frame()
        assert opcode == TEXT, (opcode, content)
        told = json.loads(content)
        if not set(told) & set(COUNTS):
            return told


def status_of(answer: bytes) -> int:
    return int(answer.split()[1])


@pytest.mark.parametrize("name", BROKEN_FRAMES)
def test_a_frame_that_breaks_the_rules_ends_its_own_socket(server: Server, name: str) -> None:
    with WebSocket(connected(server.port), PATH) as mallory:
        mallory.connection.sendall(BROKEN_FRAMES[name])

        all_of(mallory.connection)


@pytest.mark.parametrize("name", STRANGE_TEXTS)
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_text_that_nobody_knows_is_ignored(
    server: Server, publisher: ChannelsPublisher, name: str, opcode: int
) -> None:
    with WebSocket(connected(server.port), PATH) as mallory:
        mallory.connection.sendall(frame(opcode, STRANGE_TEXTS[name]))
        mallory.connection.sendall(frame(PING, b"are you there"))

        while mallory.frame() != (malformed.PONG, b"are you there"):
            pass
        publisher.publish([Frame(KEY, '{"head":6}')])
        assert next_frame(mallory) == {"head": 6}


@pytest.mark.parametrize("name", BROKEN_HANDSHAKES)
def test_a_handshake_that_breaks_the_rules_is_refused(server: Server, name: str) -> None:
    assert status_of(server.exchange(request(PATH, BROKEN_HANDSHAKES[name]))) == 400


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Connection": None}, 400),
        ({"Connection": "close"}, 400),
        ({"Host": None}, 400),
        ({"Host": "a b:c:d"}, 400),
        ({"Origin": "\xff\xfe"}, 400),
        ({"Origin": "http://[::1"}, 400),
        ({"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits=99;;=,\xff"}, 400),
        ({f"X-{number}": "x" * 1_000 for number in range(30)}, 400),
        ({f"X-{number}": "x" for number in range(600)}, 400),
        ({"X": "a\x00b"}, 400),
        ({"X\xff": "a"}, 400),
    ],
    ids=str,
)
def test_headers_that_break_the_rules_are_refused(
    server: Server, changes: Mapping[str, str | None], status: int
) -> None:
    assert status_of(server.exchange(request(PATH, changes))) == status


@pytest.mark.parametrize("name", ["Sec-WebSocket-Protocol", "Daphne-Root-Path", "Cookie", "X-Forwarded-For"])
@pytest.mark.parametrize("value", ["\xff\xfe", "%ff,%00", "a, a", "/elsewhere"])
def test_headers_that_mean_nothing_here_change_nothing(server: Server, name: str, value: str) -> None:
    with connected(server.port) as connection:
        connection.sendall(request(PATH, {name: value}))

        assert connection.recv(12) == b"HTTP/1.1 101"

    page = server.exchange(request("/api/docs/", {**PLAIN, name: value, "Connection": "close"}))
    assert status_of(page) == 200


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (request(PATH, method="POST"), 405),
        (request(PATH, {"Content-Length": "5"}, method="POST", body=b"hello"), 405),
        (request(PATH + "?" + "x" * 20_000), 400),
        (request(PATH + "\xff"), 400),
        (request(PATH + "#x"), 400),
        (request(PATH + "/"), 403),
        (request("/elsewhere"), 403),
        (request(PATH, version="HTTP/9.9"), 400),
        (request(PATH, method="G\xffT"), 400),
        (request(PATH, {**PLAIN, "Connection": "close"}, method="HEAD"), 405),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET /healthz\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nno colon\r\n\r\n", 400),
    ],
    ids=lambda value: repr(value[:40]) if isinstance(value, bytes) else str(value),
)
def test_a_request_line_that_leads_nowhere_is_refused(server: Server, sent: bytes, status: int) -> None:
    assert status_of(server.exchange(sent)) == status


@pytest.mark.parametrize("key", ["A" * 26, "a" * 25, "a" * 27, "a" * 25 + "%00", "%ff" * 26, "x" * 8_000])
def test_a_key_that_is_none_closes_the_socket_for_good(server: Server, key: str) -> None:
    with WebSocket(connected(server.port), f"/live/{key}") as mallory:
        assert mallory.frame() == (CLOSE, struct.pack("!H", 4400))


@pytest.mark.parametrize(
    "headers",
    [{"Last-Event-ID": "\xff5:0"}, {"If-None-Match": "*", "If-Modified-Since": "yesterday"}],
    ids=str,
)
def test_a_stream_begins_with_now_whatever_message_it_asks_for(
    server: Server, publisher: ChannelsPublisher, headers: Mapping[str, str]
) -> None:
    with connected(server.port) as connection:
        connection.sendall(request(PATH, {**PLAIN, "Accept": "text/event-stream", **headers}))
        received = b""
        while b"retry: 5000\n\n" not in received:
            received += connection.recv(65536)

        publisher.publish([Frame(KEY, '{"head":5}')])

        while b'data: {"head":5}\n\n' not in received:
            received += connection.recv(65536)
    assert status_of(received) == 200
    assert b"\nid:" not in received


def test_a_reader_that_pings_without_reading_is_not_answered_without_end(server: Server) -> None:
    flood = frame(PING, b"x" * 125) * 500
    with ExitStack() as stack:
        connection = stack.enter_context(connected(server.port, receive_buffer=4096, timeout_seconds=2))
        connection.sendall(request(PATH))
        before = server.resident_kb()

        with pytest.raises((TimeoutError, ConnectionError)):  # it is no longer read from
            connection.sendall(flood * (FLOOD_BYTES // len(flood)))

        assert server.resident_kb() - before < MAY_GROW_KB


@pytest.mark.parametrize("headers", [{}, {"Expect": "100-continue"}], ids=str)
@pytest.mark.parametrize("size", [MAX_BODY_BYTES + 1, 10**12, 10**29])
def test_a_body_that_claims_to_be_too_large_is_refused_before_it_comes(
    server: Server, size: int, headers: Mapping[str, str]
) -> None:
    with connected(server.port) as connection:
        connection.sendall(
            request("/api/v1/preview/", {**PLAIN, "Content-Length": str(size), **headers}, method="POST")
        )

        assert connection.recv(12) == b"HTTP/1.1 413"


def test_a_body_without_end_is_refused_and_then_dropped(server: Server) -> None:
    before = server.resident_kb()
    with connected(server.port) as connection:
        connection.sendall(
            request("/api/v1/preview/", {**PLAIN, "Transfer-Encoding": "chunked"}, method="POST")
        )
        chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"

        with pytest.raises(ConnectionError):
            connection.sendall(chunk * (FLOOD_BYTES // len(chunk)))

    assert server.resident_kb() - before < MAY_GROW_KB


def test_a_body_in_chunks_is_read_like_any_other(server: Server) -> None:
    body = b'6\r\n{"body\r\nc\r\n":"*Hello*"}\r\n0\r\n\r\n'
    headers = {**PLAIN, "Connection": "close", "X-Kibitz": "1", "Content-Type": "application/json"}

    answer = server.exchange(
        request("/api/v1/preview/", {**headers, "Transfer-Encoding": "chunked"}, method="POST", body=body)
    )

    assert status_of(answer) == 200
    assert b"<em>Hello</em>" in answer


def test_a_hundred_connections_that_say_nothing_keep_nobody_out(server: Server) -> None:
    with ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(connected(server.port))

        with Stream(connected(server.port), "/healthz", {"Host": "x"}) as answer:
            assert answer.status == 200


def test_sockets_that_were_broken_leave_no_reader_behind(server: Server, redis_url: str) -> None:
    with WebSocket(connected(server.port), PATH) as alice:
        for broken in list(BROKEN_FRAMES.values())[:10]:
            with WebSocket(connected(server.port), PATH) as mallory:
                mallory.connection.sendall(broken)
                all_of(mallory.connection)

        def only_two_are_counted() -> bool:
            return bool(json.loads(alice.frame()[1]) == {"readers": 2})

        wait_until(only_two_are_counted, message="alice and bob, and nobody else")
