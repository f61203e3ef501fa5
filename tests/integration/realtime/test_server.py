"""The server as a process: fan-out, slow readers, limits and the drain, over real sockets."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from typing import Any

import pytest
import redis
import websockets

from realtime.publisher import Frame
from realtime.publisher_channels import ChannelsPublisher
from tests.integration.realtime.conftest import KEY, Process, eventually, process_starter

pytestmark = pytest.mark.one_database

SECONDS = 10
StartServer = Callable[..., "Server"]


class Server:
    """A running `python -m realtime.server`."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.port = int(process.first_line.rpartition(":")[2])

    def live(self, key: str = KEY, **headers: str) -> Any:
        """A WebSocket to a thread, to be used with `async with`."""
        return websockets.connect(f"ws://127.0.0.1:{self.port}/live/{key}", additional_headers=headers)

    @asynccontextmanager
    async def request(self, path: str, method: str = "GET") -> AsyncIterator[asyncio.StreamReader]:
        """What the server answers to a plain HTTP request, headers first."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode())
        yield reader
        writer.close()
        await writer.wait_closed()

    def connect_without_reading(self, path: str) -> socket.socket:
        """A WebSocket or, without the upgrade, a stream whose reader never reads."""
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", self.port))
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        return connection

    def stream_without_reading(self, path: str) -> socket.socket:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", self.port))
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return connection


@pytest.fixture
def start_server(start_process: Callable[..., Process]) -> StartServer:
    def start(*arguments: str, **environment: str) -> Server:
        return Server(start_process("realtime.server", "--port", "0", *arguments, **environment))

    return start


@pytest.fixture(scope="module")
def server(redis_url: str) -> Iterator[Server]:
    """One for every test that does not end it."""
    with process_starter(redis_url) as start:
        yield Server(start("realtime.server", "--port", "0"))


@pytest.fixture
def publisher(redis_url: str) -> ChannelsPublisher:
    return ChannelsPublisher(redis_url)


async def next_frame(connection: Any) -> Any:
    """The next frame that is no count."""
    while True:
        frame = json.loads(await asyncio.wait_for(connection.recv(), SECONDS))
        if "readers" not in frame and "typing" not in frame:
            return frame


async def close_code(connection: Any) -> int:
    await asyncio.wait_for(connection.wait_closed(), SECONDS)
    return int(connection.close_code)


def is_gone(connection: socket.socket) -> bool:
    """True once the server has dropped the connection; sends, because the client must not read."""
    state = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
    return state[0] in (7, 8)  # TCP_CLOSE, TCP_CLOSE_WAIT


async def test_a_frame_reaches_every_reader_of_its_thread_whatever_its_size(
    server: Server, publisher: ChannelsPublisher
) -> None:
    async with server.live() as one, server.live() as two, server.live("b" * 26) as elsewhere:
        for size in (1, 200, 70_000):
            publisher.publish([Frame(KEY, json.dumps({"text": "ü" * size}, ensure_ascii=False))])

            assert await next_frame(one) == {"text": "ü" * size}
            assert await next_frame(two) == {"text": "ü" * size}

        publisher.publish([Frame("b" * 26, '{"head":1}')])
        assert await next_frame(elsewhere) == {"head": 1}


async def test_events_travel_from_the_stream_to_the_socket(
    server: Server, start_formatter: Any, events: Any
) -> None:
    start_formatter()
    async with server.live() as connection:
        events.add(1, 3)

        seqs: list[int] = []
        while len(seqs) < 3:
            seqs += [event["seq"] for event in (await next_frame(connection))["events"]]

        assert seqs == [1, 2, 3]


async def test_a_stream_carries_the_same_frames(server: Server, publisher: ChannelsPublisher) -> None:
    async with server.request(f"/live/{KEY}") as answer:
        head = await asyncio.wait_for(answer.readuntil(b"\r\n\r\n"), SECONDS)
        assert b" 200 " in head.splitlines()[0]
        assert b"Content-Type: text/event-stream" in head
        await asyncio.wait_for(answer.readuntil(b"retry: 5000\n\n"), SECONDS)

        publisher.publish([Frame(KEY, '{"head":4}')])

        await asyncio.wait_for(answer.readuntil(b'data: {"head":4}\n\n'), SECONDS)


async def test_a_reader_that_does_not_read_is_dropped_while_another_gets_everything(
    server: Server, publisher: ChannelsPublisher
) -> None:
    idle_socket = server.connect_without_reading(f"/live/{KEY}")
    idle_stream = server.stream_without_reading(f"/live/{KEY}")
    with idle_socket, idle_stream:
        async with server.live() as connection:
            count = 0
            while not (is_gone(idle_socket) and is_gone(idle_stream)):
                count += 1
                assert count < 1000, "readers that do not read are still held after 32 MB"
                publisher.publish([Frame(KEY, json.dumps({"number": count, "text": "x" * 32_000}))])
                assert (await next_frame(connection))["number"] == count


async def test_a_socket_says_why_it_is_refused(start_server: StartServer) -> None:
    server = start_server(KIBITZ_MAX_SOCKETS_PER_ADDRESS="1")
    async with server.live("SHOUTING") as malformed:
        assert await close_code(malformed) == 4400
    async with server.live() as first:
        async with server.live() as second:
            assert await close_code(second) == 4029
        async with server.request(f"/live/{KEY}") as answer:
            assert b" 429 " in await asyncio.wait_for(answer.readline(), SECONDS)
            await asyncio.wait_for(answer.readuntil(b"Retry-After: 5\r\n"), SECONDS)
        await first.close()


async def test_behind_a_proxy_readers_are_told_apart_by_the_address_that_it_names(
    start_server: StartServer, publisher: ChannelsPublisher
) -> None:
    server = start_server(KIBITZ_MAX_SOCKETS_PER_ADDRESS="1", KIBITZ_BEHIND_PROXY="1")

    async with (
        server.live(**{"X-Forwarded-For": "192.0.2.1"}) as alices,
        server.live(**{"X-Forwarded-For": "192.0.2.2"}) as bobs,
        server.live(**{"X-Forwarded-For": "192.0.2.1"}) as alices_second,
    ):
        assert await close_code(alices_second) == 4029
        publisher.publish([Frame(KEY, '{"head":4}')])
        assert await next_frame(alices) == {"head": 4}
        assert await next_frame(bobs) == {"head": 4}


async def test_without_a_proxy_nobody_names_their_own_address(start_server: StartServer) -> None:
    server = start_server(KIBITZ_MAX_SOCKETS_PER_ADDRESS="1")

    async with (
        server.live(**{"X-Forwarded-For": "192.0.2.1"}),
        server.live(**{"X-Forwarded-For": "192.0.2.2"}) as second,
    ):
        assert await close_code(second) == 4029


async def test_a_malformed_key_of_a_stream_is_answered_with_400(server: Server) -> None:
    async with server.request("/live/SHOUTING") as answer:
        assert b" 400 " in await asyncio.wait_for(answer.readline(), SECONDS)
        await asyncio.wait_for(answer.readuntil(b'"code": "malformed_key"'), SECONDS)


async def test_a_client_frame_above_4_kib_ends_its_socket(
    server: Server, publisher: ChannelsPublisher
) -> None:
    async with server.live() as mallory, server.live() as bob:
        await mallory.send('"' + "x" * 5000 + '"')
        await close_code(mallory)

        publisher.publish([Frame(KEY, '{"head":1}')])

        assert await next_frame(bob) == {"head": 1}


async def test_typing_is_told_across_processes(server: Server, start_server: StartServer) -> None:
    other = start_server()
    async with server.live() as alice, other.live() as bob:
        await alice.send('{"typing": true}')

        async with asyncio.timeout(SECONDS):
            while json.loads(await bob.recv()) != {"typing": 1}:
                pass


async def test_readers_are_counted_across_processes(server: Server, start_server: StartServer) -> None:
    other = start_server()
    async with server.live() as alice, other.live():
        async with asyncio.timeout(SECONDS):
            while json.loads(await alice.recv()) != {"readers": 2}:
                pass


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_says_goodbye_and_leaves_with_status_0(
    start_server: StartServer, redis_client: redis.Redis, number: signal.Signals
) -> None:
    server = start_server()
    async with server.live() as connection, server.request(f"/live/{KEY}") as answer:
        await asyncio.wait_for(answer.readuntil(b'{"readers":2}'), SECONDS)
        await eventually(lambda: redis_client.exists(f"kibitz:presence:{KEY}"), message="readers are counted")

        status = await asyncio.to_thread(server.process.end, number)

        assert status == 0
        assert await close_code(connection) == 1001
        assert (await asyncio.wait_for(answer.read(), SECONDS)).endswith(b"0\r\n\r\n")
        assert redis_client.exists(f"kibitz:presence:{KEY}") == 0


async def test_a_reader_that_does_not_read_does_not_hold_up_the_exit(
    start_server: StartServer, publisher: ChannelsPublisher
) -> None:
    server = start_server()
    idle = server.connect_without_reading(f"/live/{KEY}")
    async with server.live() as connection:
        for number in range(8):
            publisher.publish([Frame(KEY, json.dumps({"number": number, "text": "x" * 32_000}))])
            await next_frame(connection)

        assert await asyncio.to_thread(server.process.end) == 0
    idle.close()


def test_a_crowd_that_comes_while_the_server_is_busy_is_served(start_server: StartServer) -> None:
    server = start_server()
    with ExitStack() as stack:
        os.kill(server.process.pid, signal.SIGSTOP)
        crowd = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS))
            for _ in range(300)
        ]
        for one in crowd:
            one.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        os.kill(server.process.pid, signal.SIGCONT)

        assert {one.recv(12) for one in crowd} == {b"HTTP/1.1 200"}


def test_a_taken_port_is_said_in_one_line(server: Server, start_process: Callable[..., Process]) -> None:
    second = start_process("realtime.server", "--port", str(server.port))

    status, errors = second.result()

    assert status == 1
    assert errors.strip().count("\n") == 0
    assert str(server.port) in errors


def test_the_server_answers_http_through_django(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) as connection:
        connection.sendall(b"GET /live/not/a/key HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")

        assert connection.recv(64).startswith(b"HTTP/1.1 404 ")
