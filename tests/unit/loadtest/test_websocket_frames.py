"""What the load client understands of a WebSocket."""

import json
import zlib

import pytest

from loadtest.websocket_frames import (
    PONG,
    TEXT,
    Refused,
    after_handshake,
    first_frame,
    handshake,
    masked,
    message,
)

ANSWER = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


def server_frame(payload: bytes, first_byte: int = 0x80 | TEXT) -> bytes:
    if len(payload) < 126:
        return bytes((first_byte, len(payload))) + payload
    if len(payload) < 65536:
        return bytes((first_byte, 126)) + len(payload).to_bytes(2, "big") + payload
    return bytes((first_byte, 127)) + len(payload).to_bytes(8, "big") + payload


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_a_frame_of_any_size_is_taken_whole_and_what_follows_is_left(size: int) -> None:
    data = server_frame(b"x" * size) + b"more"

    frame = first_frame(data)

    assert frame is not None
    assert frame.data == b"x" * size
    assert data[frame.length :] == b"more"


@pytest.mark.parametrize("size", [0, 1, 3, 130])
def test_the_beginning_of_a_frame_is_no_frame_yet(size: int) -> None:
    assert first_frame(server_frame(b"x" * 200)[:size]) is None


def test_a_fragment_is_refused() -> None:
    with pytest.raises(Refused, match="fragmented"):
        first_frame(server_frame(b"x", first_byte=TEXT))


def test_a_deflated_message_reads_like_a_plain_one() -> None:
    content = {"first": 1, "last": 2, "events": []}
    deflater = zlib.compressobj(wbits=-10)
    text = json.dumps(content).encode()
    deflated = (deflater.compress(text) + deflater.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\0\0\xff\xff")

    plain = first_frame(server_frame(text))
    small = first_frame(server_frame(deflated, first_byte=0xC0 | TEXT))

    assert plain is not None
    assert small is not None
    assert message(plain) == message(small) == content


@pytest.mark.parametrize("payload", [b"", b"[1]", b"{", b"\xff"])
def test_what_is_no_json_object_is_refused(payload: bytes) -> None:
    frame = first_frame(server_frame(payload))

    assert frame is not None
    with pytest.raises(Refused):
        message(frame)


def test_the_handshake_s_answer_may_come_in_parts_and_bring_the_first_frame() -> None:
    assert after_handshake(b"HTTP/1.1 1") is None
    assert after_handshake(ANSWER[:-1]) is None
    assert after_handshake(ANSWER) == b""
    assert after_handshake(ANSWER + b"frame") == b"frame"


def test_another_answer_is_refused_in_its_own_words() -> None:
    with pytest.raises(Refused, match=r"HTTP/1\.1 410 Gone"):
        after_handshake(b"HTTP/1.1 410 Gone\r\n\r\n")


def test_the_handshake_asks_for_its_path_as_a_browser_does() -> None:
    request = handshake("127.0.0.1:8081", "/live/k?e=1&s=x", "http://127.0.0.1:8080").decode()

    assert request.startswith("GET /live/k?e=1&s=x HTTP/1.1\r\nHost: 127.0.0.1:8081\r\n")
    assert "\r\nOrigin: http://127.0.0.1:8080\r\n" in request
    assert "\r\nSec-WebSocket-Extensions: permessage-deflate" in request
    assert request.endswith("\r\n\r\n")


def test_a_pong_is_masked() -> None:
    assert masked(PONG, b"hi") == bytes((0x80 | PONG, 0x82, 0, 0, 0, 0)) + b"hi"
