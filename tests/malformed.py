"""Handshakes and frames that RFC 6455 forbids, for every server that holds readers' sockets."""

import struct
from collections.abc import Mapping
from typing import Final

from tests.nginx.talk import CLOSE, PING, TEXT

CONTINUATION: Final = 0
BINARY: Final = 2
PONG: Final = 10
MASK: Final = b"\x01\x02\x03\x04"

Headers = Mapping[str, str]

GOOD_HANDSHAKE: Final[Headers] = {
    "Host": "127.0.0.1",
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def frame(
    opcode: int,
    content: bytes = b"",
    *,
    is_last: bool = True,
    reserved: int = 0,
    is_masked: bool = True,
    claimed: int | None = None,
    length_bytes: int | None = None,
) -> bytes:
    """A client's frame. `reserved` are the three bits; `claimed` is a length that it may not have, told in
    `length_bytes` (0, 2 or 8) beyond the first."""
    size = len(content) if claimed is None else claimed
    if length_bytes is None:
        length_bytes = 0 if size < 126 else 2 if size < 65_536 else 8
    head = bytes([is_last << 7 | reserved << 4 | opcode])
    masked = 0x80 if is_masked else 0
    match length_bytes:
        case 0:
            head += bytes([masked | size])
        case 2:
            head += bytes([masked | 126]) + struct.pack("!H", size)
        case _:
            head += bytes([masked | 127]) + struct.pack("!Q", size)
    if not is_masked:
        return head + content
    return head + MASK + bytes(byte ^ MASK[i % 4] for i, byte in enumerate(content))


def closing(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, struct.pack("!H", code) + reason)


HELLO: Final = b'{"typing":true}'

# What must end the connection that sends it.
BROKEN_FRAMES: Final[Mapping[str, bytes]] = {
    "unmasked": frame(TEXT, HELLO, is_masked=False),
    **{f"reserved bits {bits:03b}": frame(TEXT, HELLO, reserved=bits) for bits in (1, 2, 4, 7)},
    "compressed, which was not agreed": frame(TEXT, b"\xaa\x56\x2a\x2e\x29\x4a\x55\xb2\x02\x00", reserved=4),
    **{f"opcode {opcode}": frame(opcode, HELLO) for opcode in (3, 7, 11, 15)},
    "a ping of 126 bytes": frame(PING, b"x" * 126),
    "a pong of 70,000 bytes": frame(PONG, b"x" * 70_000),
    "a close of 126 bytes": closing(1000, b"x" * 124),
    "a fragmented ping": frame(PING, b"x", is_last=False),
    "a continuation of nothing": frame(CONTINUATION, HELLO),
    "a text within a text": frame(TEXT, b'{"typ', is_last=False) + frame(TEXT, HELLO),
    "no UTF-8": frame(TEXT, b"\xff\xfe"),
    "a surrogate": frame(TEXT, b'"\xed\xa0\x80"'),
    "half a character": frame(TEXT, b'"\xf0\x9f'),
    "a close of one byte": frame(CLOSE, b"\x03"),
    "a close whose reason is no UTF-8": closing(1000, b"\xff"),
    **{f"close code {code}": closing(code) for code in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_535)},
    "a length in more bytes than it needs": frame(TEXT, HELLO, length_bytes=8),
    "a length of 2^63": frame(TEXT, HELLO, claimed=2**63, length_bytes=8),
    "a length of 2^62": frame(TEXT, HELLO, claimed=2**62, length_bytes=8),
    "5,000 bytes": frame(TEXT, b'"' + b"x" * 5_000 + b'"'),
    "fragments without end": frame(TEXT, b"x" * 1_000, is_last=False)
    + frame(CONTINUATION, b"x" * 1_000, is_last=False) * 1_000,
    "a second request": b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
    "noise": bytes(range(255, -1, -1)) * 40,
}

# Allowed by the RFC, and nothing that the protocol knows.
STRANGE_TEXTS: Final[Mapping[str, bytes]] = {
    "nothing": b"",
    "no JSON": b"{",
    "null": b"null",
    "a number": b"1e999",
    "a number of 4,000 digits": b"9" * 4_000,
    "NaN": b"NaN",
    "a list": b"[1]",
    "another shape": b'{"typing":{"typing":[1]},"head":0,"events":null}',
    "a frame of the server's": b'{"epoch":"e","first":1,"last":1,"events":[{"seq":1}]}',
    "a name twice": b'{"typing":1,"typing":2}',
    "nested without end": b"[" * 4_000,
    "nested": b"[" * 2_000 + b"]" * 2_000,
    "nested objects": b'{"typing":' * 300 + b"1" + b"}" * 300,
    "NUL": b"\x00" * 100,
    "a lone surrogate, escaped": b'{"typing":"\\ud800"}',
}

# What is left out of, or put into, a good handshake. None leaves a header out.
BROKEN_HANDSHAKES: Final[Mapping[str, Mapping[str, str | None]]] = {
    "no key": {"Sec-WebSocket-Key": None},
    "an empty key": {"Sec-WebSocket-Key": ""},
    "a short key": {"Sec-WebSocket-Key": "dGhl"},
    "a key that is no base64": {"Sec-WebSocket-Key": "!" * 22 + "=="},
    "a long key": {"Sec-WebSocket-Key": "A" * 2_000},
    "no version": {"Sec-WebSocket-Version": None},
    "version 12": {"Sec-WebSocket-Version": "12"},
    "a version that is no number": {"Sec-WebSocket-Version": "x"},
    "a negative version": {"Sec-WebSocket-Version": "-13"},
}


def request(
    path: str,
    changes: Mapping[str, str | None] | None = None,
    *,
    method: str = "GET",
    version: str = "HTTP/1.1",
    body: bytes = b"",
) -> bytes:
    """A handshake with changes, as bytes."""
    headers = {
        name: value for name, value in {**GOOD_HANDSHAKE, **(changes or {})}.items() if value is not None
    }
    lines = [f"{method} {path} {version}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body
