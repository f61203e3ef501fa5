"""The reader's side of RFC 6455 and 7692, as much as a load client needs; pure."""

import json
import zlib
from dataclasses import dataclass
from typing import Any, Final

SWITCHING: Final = b"HTTP/1.1 101"
END_OF_HEADERS: Final = b"\r\n\r\n"
TEXT: Final = 0x1
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA
DEFLATED: Final = 0x40  # RSV1 (RFC 7692, 6)
_TAIL: Final = b"\x00\x00\xff\xff"  # what a sender leaves off the end of a deflated message (RFC 7692, 7.2.1)
_KEY: Final = "dGhlIHNhbXBsZSBub25jZQ=="  # the RFC's own: nobody caches here, so one key does for all


class Refused(Exception):
    """The server did not switch protocols, or sent what no reader understands."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One unfragmented frame from the server; `data` is its payload as it came."""

    opcode: int
    is_deflated: bool
    data: bytes
    length: int  # with its header


def handshake(host: str, path: str, origin: str) -> bytes:
    """What Chrome on a desktop sends, in size too: servers keep headers for as long as the socket lives."""
    return (
        f"GET {path} HTTP/1.1\r\n"
        f"Host: {host}\r\n"
        "Connection: Upgrade\r\n"
        "Pragma: no-cache\r\n"
        "Cache-Control: no-cache\r\n"
        "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/142.0.0.0 Safari/537.36\r\n"
        "Upgrade: websocket\r\n"
        f"Origin: {origin}\r\n"
        "Sec-WebSocket-Version: 13\r\n"
        "Accept-Encoding: gzip, deflate, br, zstd\r\n"
        "Accept-Language: en-GB,en-US;q=0.9,en;q=0.8\r\n"
        f"Sec-WebSocket-Key: {_KEY}\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
    ).encode()


def after_handshake(answer: bytes) -> bytes | None:
    """What follows the headers of a whole 101 answer, None while it is incomplete; raises Refused."""
    end = answer.find(END_OF_HEADERS)
    if not answer.startswith(SWITCHING[: len(answer)]):
        raise Refused(answer.split(b"\r\n", 1)[0].decode(errors="replace") or "closed")
    return None if end < 0 else answer[end + len(END_OF_HEADERS) :]


def first_frame(data: bytes) -> Frame | None:
    """The frame at the beginning of `data`, None while it is incomplete; raises Refused for a fragment."""
    if len(data) < 2:
        return None
    length, start = data[1] & 0x7F, 2
    if length == 126:
        length, start = int.from_bytes(data[2:4], "big"), 4
    elif length == 127:
        length, start = int.from_bytes(data[2:10], "big"), 10
    if len(data) < start or len(data) < start + length:
        return None
    opcode = data[0] & 0x0F
    if not data[0] & 0x80 or opcode == 0:
        raise Refused("a fragmented message")
    return Frame(opcode, bool(data[0] & DEFLATED), data[start : start + length], start + length)


def message(frame: Frame) -> dict[str, Any]:
    """A text frame's JSON object; a deflated message stands alone (no context takeover). Raises Refused."""
    try:
        value = json.loads(_inflated(frame))
    except (ValueError, zlib.error) as error:
        raise Refused(f"unreadable: {error}") from None
    if not isinstance(value, dict):
        raise Refused("no object")
    return value


def event_numbers(content: dict[str, Any]) -> tuple[int, ...]:
    """The `seq` of each event in a message, in rising order; none in heads, totals and reader counts."""
    return tuple(sorted(event["seq"] for event in content.get("events", ())))


def _inflated(frame: Frame) -> bytes:
    return (
        zlib.decompressobj(-zlib.MAX_WBITS).decompress(frame.data + _TAIL)
        if frame.is_deflated
        else frame.data
    )


def masked(opcode: int, payload: bytes) -> bytes:
    """A short control frame from the client; its mask is zero, which is as good as any other."""
    return bytes((0x80 | opcode, 0x80 | len(payload), 0, 0, 0, 0)) + payload
