"""What formatters may rely on: order, counts, one deflation for all, limits, pipelining."""

import contextlib
import json
import os
import socket
from collections.abc import Iterator

import pytest
from websockets.asyncio.client import connect

from realtime.push_connection import Answer, PushConnection, get_request
from tests.nginx.instances import KEY, Push, live_path
from tests.nginx.talk import COUNTING, EventStream, WebSocket, ask, connected

BROWSERS_OFFER = "permessage-deflate; client_max_window_bits"
FRAME = json.dumps({"events": [{"seq": seq, "html": f"<p>hello {seq}</p>"} for seq in range(300)]})


@pytest.fixture(autouse=True)
def _everybody_leaves(push: Push) -> Iterator[None]:
    yield
    push.wait_for_readers(0)


def test_a_frame_reaches_both_carriers_as_it_is(push: Push) -> None:
    with (
        WebSocket(connected(push.port), live_path()) as web_socket,
        EventStream(connected(push.port), live_path()) as stream,
    ):
        push.wait_for_readers(2)

        assert push.publish(FRAME) == 2

        assert web_socket.text() == stream.data() == FRAME


def test_formatters_can_ask_a_slow_node_how_many_sockets_it_holds(push: Push) -> None:
    connection = PushConnection(f"unix:{push.publish_socket}", may_wait=lambda seconds: seconds < 5)
    with (
        WebSocket(connected(push.port), live_path()),
        EventStream(connected(push.port), live_path()),
        contextlib.closing(connection),
    ):
        push.wait_for_readers(2)

        assert list(connection.exchange([get_request("/status")])) == [Answer(200, 2)]


def test_a_frame_for_one_thread_stays_in_it(push: Push) -> None:
    with WebSocket(connected(push.port), live_path()) as reader:
        push.wait_for_readers(1)

        assert push.publish('{"for":"others"}', key="b" * 26) == 0

        push.publish('{"for":"us"}')
        assert reader.text() == '{"for":"us"}'


def test_a_deflated_frame_reaches_who_inflates_and_who_does_not(push: Push) -> None:
    with (
        WebSocket(connected(push.port), live_path(), extensions=BROWSERS_OFFER) as browser,
        WebSocket(connected(push.port), live_path()) as plain,
        EventStream(connected(push.port), live_path()) as stream,
    ):
        push.wait_for_readers(3)

        push.publish(FRAME, deflated=True)

        assert (browser.text(), browser.was_deflated) == (FRAME, True)
        assert (plain.text(), plain.was_deflated) == (FRAME, False)
        assert stream.data() == FRAME


async def test_a_deflated_frame_reaches_an_ordinary_client(push: Push) -> None:
    async with connect(f"ws://127.0.0.1:{push.port}{live_path()}") as reader:
        push.wait_for_readers(1)

        push.publish(FRAME, deflated=True)

        while (heard := await reader.recv()) == COUNTING:
            pass
        assert heard == FRAME
        assert reader.response is not None
        assert "permessage-deflate" in reader.response.headers["Sec-WebSocket-Extensions"]


def test_pipelined_frames_arrive_once_each_and_in_order(push: Push) -> None:
    frames = [f'{{"seq":{seq}}}' for seq in range(500)]
    with (
        WebSocket(connected(push.port), live_path()) as reader,
        connected(push.publish_socket) as formatter,
    ):
        push.wait_for_readers(1)

        for start in range(0, len(frames), 16):
            batch = frames[start : start + 16]
            formatter.sendall(b"".join(map(_request, batch)))
            _read_answers(formatter, len(batch))

        assert [reader.text() for _ in frames] == frames


def test_nobody_there_is_an_answer_too(push: Push) -> None:
    answer = ask(push.publish_socket, "POST", f"/pub/{KEY}", {"Accept": "text/json"}, b"{}")

    assert (answer.status, answer.json()["subscribers"]) == (202, 0)


def test_a_frame_of_256_kib_passes_and_a_larger_one_is_refused(push: Push) -> None:
    assert ask(push.publish_socket, "POST", f"/pub/{KEY}", body=b"x" * 256 * 1024).status == 202

    assert ask(push.publish_socket, "POST", f"/pub/{KEY}", body=b"x" * (256 * 1024 + 1)).status == 413


def test_no_frame_is_ever_written_to_a_file(push: Push) -> None:
    push.publish(os.urandom(192 * 1024).hex()[: 256 * 1024])

    assert list((push.runtime / "push.body").iterdir()) == []
    assert "buffered to a temporary file" not in push.log


@pytest.mark.parametrize("path", [f"/pub/{KEY}", f"/pubz/{KEY}", "/status"])
def test_nothing_of_it_can_be_reached_from_outside(push: Push, path: str) -> None:
    for method in ("POST", "GET", "DELETE"):
        assert ask(push.port, method, path, body=b"").status == 404


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "OPTIONS"])
def test_formatters_only_post(push: Push, method: str) -> None:
    assert ask(push.publish_socket, method, f"/pub/{KEY}").status == 405


def test_it_tells_its_health_and_its_counts_inside(push: Push) -> None:
    assert ask(push.publish_socket, "GET", "/healthz").body == b"ok\n"
    assert "subscribers:" in push.status()


def _request(frame: str) -> bytes:
    return f"POST /pub/{KEY} HTTP/1.1\r\nHost: push\r\nContent-Length: {len(frame)}\r\n\r\n{frame}".encode()


def _read_answers(connection: socket.socket, number: int) -> None:
    heard = b""
    while heard.count(b"HTTP/1.1 201 ") < number:
        chunk = connection.recv(65536)
        assert chunk, heard
        heard += chunk
