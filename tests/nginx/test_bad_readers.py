"""Readers that harm: slow, half-open, too many. They are dropped, and the others notice nothing."""

import ctypes
import socket
import struct
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.nginx.instances import Push, live_path, running_push
from tests.nginx.talk import Refused, WebSocket, connected
from tests.servers import wait_until

SO_ATTACH_FILTER = 26
READERS = 200
FRAME_BYTES = 20_000


def test_one_in_a_hundred_that_never_reads_is_dropped_and_the_others_miss_nothing() -> None:
    with running_push() as push, ExitStack() as stack:
        readers = [stack.enter_context(WebSocket(connected(push.port), live_path())) for _ in range(READERS)]
        for _ in range(READERS // 100):
            slow = connected(push.port, receive_buffer=4096)
            stack.enter_context(WebSocket(slow, live_path()))
        push.wait_for_readers(READERS + READERS // 100)
        memory = resident_kb(push)

        for number in range(60):
            text = f"{number:05}" + "x" * FRAME_BYTES
            push.publish(text)
            assert all(reader.text() == text for reader in readers)

        push.wait_for_readers(READERS, seconds=10)
        assert resident_kb(push) - memory < 10_000
        wait_until(lambda: push.counter("stored messages") < 3, message=push.status)


def test_a_reader_that_pauses_for_a_moment_misses_nothing() -> None:
    with running_push() as push, WebSocket(connected(push.port), live_path()) as reader:
        push.wait_for_readers(1)
        frames = [f"{number:05}" + "x" * FRAME_BYTES for number in range(5)]

        for text in frames:
            push.publish(text)
        assert push.readers() == 1

        assert [reader.text() for _ in frames] == frames


def test_peers_that_vanished_are_dropped() -> None:
    with running_push(keepalive="1s:1s:2") as push, ExitStack() as stack:
        vanished = stack.enter_context(WebSocket(connected(push.port), live_path()))
        reader = stack.enter_context(WebSocket(connected(push.port), live_path()))
        push.wait_for_readers(2)
        push.publish("the last word")
        assert vanished.text() == "the last word"  # bytes in flight would be repeated instead: tcp_retries2

        drop_everything_for(vanished.connection)

        wait_until(lambda: push.counter("subscribers") == 1, seconds=15, message=push.status)
        assert not reader.is_ended()


def test_one_address_gets_so_many_sockets_and_another_its_own() -> None:
    with running_push(max_sockets_per_address=20) as push, ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(WebSocket(connected(push.port), live_path()))

        for _ in range(50):
            with pytest.raises(Refused, match="429"):
                WebSocket(connected(push.port), live_path())

        elsewhere = WebSocket(connected(push.port, source="127.0.0.2"), live_path())
        stack.enter_context(elsewhere)
        push.wait_for_readers(21)


def test_who_leaves_makes_room() -> None:
    with running_push(max_sockets_per_address=1) as push:
        for _ in range(5):
            with WebSocket(connected(push.port), live_path()):
                push.wait_for_readers(1)
            push.wait_for_readers(0)


def drop_everything_for(connection: socket.socket) -> None:
    """From here on this socket hears nothing, as if its machine had lost the network."""
    program = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))  # BPF: return 0, keep no byte
    code = struct.pack("HL", 1, ctypes.addressof(program))
    connection.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, code)


def resident_kb(push: Push) -> int:
    statuses = (Path(f"/proc/{pid}/status").read_text() for pid in push.worker_pids())
    return sum(int(status.partition("VmRSS:")[2].split()[0]) for status in statuses)
