"""What Daphne gets on top."""

import asyncio
import socket

import pytest

from realtime.backpressure import STALL_SECONDS, FrameEncoder, Gate, bound_kernel_buffer


class SocketTransport:
    def __init__(self, handle: socket.socket) -> None:
        self._handle = handle

    def getHandle(self) -> socket.socket:  # noqa: N802  Twisted's name
        return self._handle


async def test_a_send_waits_while_the_gate_is_closed() -> None:
    gate = Gate(None)
    gate.pauseProducing()
    passing = asyncio.ensure_future(gate.passed())
    await asyncio.sleep(0)
    assert not passing.done()

    gate.resumeProducing()

    await asyncio.wait_for(passing, 10)


class ReadingTransport:
    """Notes whether its client is read from."""

    is_reading = True

    def pauseProducing(self) -> None:  # noqa: N802  Twisted's names
        self.is_reading = False

    def resumeProducing(self) -> None:  # noqa: N802
        self.is_reading = True


def test_who_does_not_read_is_not_read_from_either() -> None:
    transport = ReadingTransport()
    gate = Gate(transport, stops_reading=True)

    gate.pauseProducing()
    assert not transport.is_reading

    gate.resumeProducing()
    assert transport.is_reading


async def test_a_lost_connection_lets_every_send_go_on() -> None:
    gate = Gate(None)
    gate.pauseProducing()
    passing = [asyncio.ensure_future(gate.passed()) for _ in range(2)]
    await asyncio.sleep(0)

    gate.stopProducing()

    await asyncio.wait_for(asyncio.gather(*passing), 10)


async def test_a_send_that_was_cancelled_disturbs_no_other() -> None:
    gate = Gate(None)
    gate.pauseProducing()
    cancelled, passing = (asyncio.ensure_future(gate.passed()) for _ in range(2))
    await asyncio.sleep(0)
    cancelled.cancel()

    gate.resumeProducing()

    await asyncio.wait_for(passing, 10)


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("x" * 125, b"\x81\x7d"),
        ("x" * 126, b"\x81\x7e\x00\x7e"),
        ("x" * 65_535, b"\x81\x7e\xff\xff"),
        ("x" * 65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
        ("ü", b"\x81\x02"),
    ],
)
def test_a_text_frame_has_its_length_in_bytes(text: str, head: bytes) -> None:
    assert FrameEncoder().encoded(text) == head + text.encode()


def test_the_next_text_is_encoded_anew() -> None:
    encoder = FrameEncoder()
    encoder.encoded("one")

    assert encoder.encoded("two") == b"\x81\x03two"


def test_the_kernel_drops_a_reader_that_takes_nothing_for_15_seconds() -> None:
    with socket.socket() as handle:
        bound_kernel_buffer(SocketTransport(handle))

        limit_ms = handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        assert limit_ms == STALL_SECONDS * 1000
        assert handle.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 256 * 1024
