"""What no client of the protocol sends to a push node: each ends its own connection at most."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Final

import pytest

from tests.malformed import BINARY, BROKEN_FRAMES, BROKEN_HANDSHAKES, STRANGE_TEXTS, frame, request
from tests.nginx.instances import KEY, Push, live_path
from tests.nginx.talk import PING, TEXT, EventStream, Stream, WebSocket, connected
from tests.nginx.test_bad_readers import resident_kb
from tests.servers import wait_until

PLAIN: Final = {"Upgrade": None, "Connection": None}
FLOOD_BYTES: Final = 32 * 1024 * 1024
MAY_GROW_KB: Final = 16_000
LINES_OF_LOG: Final = 1

# Nchan answers these instead of ending the connection.
ANSWERED: Final = {"a ping of 126 bytes", "a fragmented ping"}
# Nchan opens the socket whatever the key is: only a client would notice.
UNCHECKED: Final = {"an empty key", "a short key", "a key that is no base64", "a long key"}


@pytest.fixture(autouse=True)
def nobody_else_notices(push: Push) -> Iterator[None]:
    """A reader who was there before gets the next frame from the same workers, who log a line at most."""
    workers = push.worker_pids()
    with WebSocket(connected(push.port), live_path()) as bob:
        push.wait_for_readers(1)
        logged = push.log.count("\n")

        yield

        push.publish('{"head":7}')
        while bob.text() != '{"head":7}':
            pass  # what the test itself published
    assert push.worker_pids() == workers
    assert push.log.count("\n") - logged <= LINES_OF_LOG, push.log
    push.wait_for_readers(0)


def status_of(push: Push, sent: bytes) -> int:
    with connected(push.port) as connection:
        connection.sendall(sent)
        return int(connection.recv(65536).split()[1])


@pytest.mark.parametrize("name", BROKEN_FRAMES)
def test_a_frame_that_breaks_the_rules_ends_its_own_socket(push: Push, name: str) -> None:
    with WebSocket(connected(push.port), live_path()) as mallory:
        with suppress(ConnectionError):
            mallory.connection.sendall(BROKEN_FRAMES[name])

        if name in ANSWERED:
            push.publish('{"head":6}')
            while mallory.frame() != (TEXT, b'{"head":6}'):
                pass
        else:
            wait_until(mallory.is_ended, message="the end of the connection")


@pytest.mark.parametrize("name", STRANGE_TEXTS)
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_reader_that_says_anything_is_closed(push: Push, name: str, opcode: int) -> None:
    with WebSocket(connected(push.port), live_path()) as mallory:
        mallory.connection.sendall(frame(opcode, STRANGE_TEXTS[name]))

        wait_until(mallory.is_ended, message="the end of the connection")


@pytest.mark.parametrize("name", BROKEN_HANDSHAKES)
def test_a_handshake_that_breaks_the_rules_is_refused(push: Push, name: str) -> None:
    sent = request(live_path(), BROKEN_HANDSHAKES[name])

    assert status_of(push, sent) == (101 if name in UNCHECKED else 400)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Connection": None}, 403),
        ({"Connection": "close"}, 403),
        ({"Upgrade": None}, 403),
        ({"Upgrade": "h2c"}, 403),
        ({"Host": None}, 400),
        ({"Host": "a b:c:d"}, 400),
        ({"Origin": "\xff\xfe"}, 403),
        ({"Origin": "http://[::1"}, 403),
        ({"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits=99;;=,\xff"}, 400),
        ({f"X-{number}": "x" * 1_000 for number in range(30)}, 400),
        ({"X": "a\x00b"}, 400),
        ({"If-None-Match": "*"}, 400),
        ({"Sec-WebSocket-Protocol": "\xff"}, 101),
        ({"Last-Event-ID": "\xff5:0"}, 101),
    ],
    ids=str,
)
def test_headers_that_break_the_rules_are_refused(
    push: Push, changes: Mapping[str, str | None], status: int
) -> None:
    assert status_of(push, request(live_path(), changes)) == status


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (request(live_path(), method="POST"), 405),
        (request(live_path(), {"Content-Length": "5"}, method="POST", body=b"hello"), 405),
        (request(live_path(), {"Content-Length": "9999999"}, method="POST"), 413),
        (request(live_path() + "\xff"), 403),
        (request(live_path() + "&x=" + "x" * 20_000), 414),
        (request(live_path().replace(KEY, KEY[:-1] + "%00")), 400),
        (request(live_path().replace(KEY, KEY + "/")), 404),
        (request(live_path().replace(KEY, "%ff" * 26)), 404),
        (request(live_path(), version="HTTP/9.9"), 505),
        (request(live_path(), method="G\xffT"), 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    ],
    ids=lambda value: repr(value[:40]) if isinstance(value, bytes) else str(value),
)
def test_a_request_line_that_leads_nowhere_is_refused(push: Push, sent: bytes, status: int) -> None:
    assert status_of(push, sent) == status


def test_a_stream_begins_with_now_whatever_message_it_asks_for(push: Push) -> None:
    push.publish('{"head":4}')
    with EventStream(connected(push.port), live_path(), {"Last-Event-ID": "0:0"}) as reader:
        push.wait_for_readers(2)

        push.publish('{"head":5}')

        assert reader.data() == '{"head":5}'


def test_a_reader_that_pings_is_answered_in_bounded_memory(push: Push) -> None:
    flood, sent = frame(PING, b"x" * 125) * 500, 0
    before = resident_kb(push)
    with connected(push.port, receive_buffer=4096, timeout_seconds=2) as connection:
        connection.sendall(request(live_path()))

        with suppress(TimeoutError, ConnectionError):  # it may stop reading, or drop the connection
            while sent < FLOOD_BYTES:
                sent += connection.send(flood)

        assert resident_kb(push) - before < MAY_GROW_KB


def test_noise_after_the_head_of_a_stream_ends_it(push: Push) -> None:
    with EventStream(connected(push.port), live_path()) as reader:
        push.wait_for_readers(2)

        reader.connection.sendall(bytes(range(256)) * 4)

        wait_until(reader.is_ended, message="the end of the connection")


def test_a_hundred_connections_that_say_nothing_keep_nobody_out(push: Push) -> None:
    silent = [connected(push.port) for _ in range(100)]

    with Stream(connected(push.port), "/healthz", {"Host": "x"}) as answer:
        assert answer.status == 200

    for connection in silent:
        connection.close()
