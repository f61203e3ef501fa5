"""How many connections a server process holds, and for how long it waits for somebody who says nothing."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from realtime.publisher import Frame
from realtime.publisher_channels import ChannelsPublisher
from tests.integration.realtime.conftest import KEY, Process, eventually, process_starter
from tests.integration.realtime.test_server import SECONDS, Server, close_code, next_frame
from tests.servers import wait_until

pytestmark = pytest.mark.one_database

REQUEST_MAX_BYTES = 1024 * 1024  # not by import: realtime.connections brings Twisted, and with it a reactor
ASK = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def hasty(redis_url: str) -> Iterator[Server]:
    """Gives half a second to say something, and one to finish."""
    with process_starter(redis_url) as start:
        yield Server(start("tests.integration.realtime.hasty_server", "--port", "0"))


def connected(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS)


def is_taken(connection: socket.socket) -> bool:
    """Whether the server answers on it, or has closed it."""
    try:
        connection.sendall(ASK)
        return connection.recv(4096).startswith(b"HTTP/1.1 200")
    except ConnectionError:
        return False


def is_closed_after(connection: socket.socket, said: bytes = b"") -> bool:
    """Says it, and whether the server has hung up within a twentieth of a second."""
    connection.settimeout(0.05)
    try:
        connection.sendall(said)
        return connection.recv(4096) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_who_says_nothing_is_dropped(hasty: Server) -> None:
    with connected(hasty) as connection:
        assert connection.recv(1) == b""


def test_who_says_a_byte_now_and_then_is_dropped(hasty: Server) -> None:
    with connected(hasty) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nX-Slow: ")

        wait_until(lambda: is_closed_after(connection, b"z"), message="a request without an end is dropped")


def test_who_sends_a_body_without_an_end_is_dropped(hasty: Server) -> None:
    with connected(hasty) as connection:
        connection.sendall(
            b"POST /api/v1/preview/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n"
        )

        wait_until(lambda: is_closed_after(connection, b"z"), message="a body without an end is dropped")


def test_who_sends_more_and_more_is_told_that_it_is_too_much(hasty: Server) -> None:
    with connected(hasty) as connection:
        head = b"POST /api/v1/preview/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n\r\n"
        connection.sendall(head.ljust(REQUEST_MAX_BYTES + 1, b"x"))

        assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_a_connection_serves_several_requests_and_is_dropped_when_none_comes(hasty: Server) -> None:
    with connected(hasty) as connection:
        assert [is_taken(connection) for _ in range(3)] == [True] * 3
        assert connection.recv(4096) == b""


async def test_readers_stay(hasty: Server, redis_url: str) -> None:
    publisher = ChannelsPublisher(redis_url)
    async with hasty.live() as one, hasty.request(f"/live/{KEY}") as stream:
        await asyncio.wait_for(stream.readuntil(b"retry: 5000\n\n"), SECONDS)
        for _ in range(3):  # each takes as long as who says nothing may
            with connected(hasty) as silent:
                assert await asyncio.to_thread(silent.recv, 1) == b""

        publisher.publish([Frame(KEY, '{"head":4}')])

        assert await next_frame(one) == {"head": 4}
        await asyncio.wait_for(stream.readuntil(b'data: {"head":4}\n\n'), SECONDS)


@pytest.fixture
def small(start_process: Callable[..., Process]) -> Server:
    """Holds five connections, of which four may be readers'."""
    return Server(start_process("realtime.server", "--port", "0", KIBITZ_MAX_CONNECTIONS="5"))


def test_behind_a_front_the_connections_of_its_socket_are_counted_alike(
    start_process: Callable[..., Process], tmp_path: Path
) -> None:
    path = tmp_path / "daphne.sock"
    start_process("realtime.server", "--unix-socket", str(path), KIBITZ_MAX_CONNECTIONS="2")

    with ExitStack() as stack:
        held = [stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(3)]
        for connection in held:
            connection.settimeout(SECONDS)
            connection.connect(str(path))

        assert [is_taken(connection) for connection in held] == [True, True, False]


def test_one_connection_too_many_is_closed_at_once_and_who_leaves_makes_room(small: Server) -> None:
    with ExitStack() as stack:
        held = [stack.enter_context(connected(small)) for _ in range(5)]
        assert all(is_taken(connection) for connection in held)

        for _ in range(20):
            with connected(small) as refused:
                assert not is_taken(refused)
        held[0].close()

        def has_room() -> bool:
            with connected(small) as connection:
                return is_taken(connection)

        wait_until(has_room, message="there is room again")
        assert all(is_taken(connection) for connection in held[1:])


async def test_readers_leave_room_for_requests(small: Server) -> None:
    readers = [await small.live() for _ in range(4)]
    async with small.live() as too_many:
        assert await close_code(too_many) == 4029

    await eventually(lambda: is_answered(small), message="a request is answered")
    await asyncio.gather(*(reader.close() for reader in readers))


def is_answered(server: Server) -> bool:
    with connected(server) as connection:
        return is_taken(connection)


@pytest.mark.parametrize("lifted", ["KIBITZ_MAX_CONNECTIONS", "KIBITZ_MAX_SOCKETS_PER_ADDRESS"])
def test_without_a_limit_there_is_a_file_left_for_the_database(
    lifted: str, start_process: Callable[..., Process]
) -> None:
    settings = {"KIBITZ_MAX_CONNECTIONS": "5", lifted: "0"}
    limited = Server(start_process("tests.integration.realtime.few_files", "--port", "0", **settings))
    with ExitStack() as stack:
        held = [stack.enter_context(connected(limited)) for _ in range(110)]

        answers = [is_taken(connection) for connection in held]

    assert answers == [True] * 100 + [False] * 10
