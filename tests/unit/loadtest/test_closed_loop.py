"""How the closed loop reads answers, against a server that behaves as told."""

import socketserver
import threading
from collections.abc import Iterator
from itertools import repeat

import pytest

from loadtest.closed_loop import NoAnswer, body_end, closed_loop, status_of
from loadtest.http_requests import get

HEAD = b"HTTP/1.1 200 OK\r\n"


def test_an_answer_ends_where_its_length_says() -> None:
    answer = HEAD + b"Content-Length: 3\r\n\r\nabc"

    assert body_end(answer) == len(answer)
    assert body_end(HEAD) is None


def test_a_chunked_answer_ends_with_its_last_chunk() -> None:
    answer = HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"

    assert body_end(answer) == len(answer)
    assert body_end(answer[:-2]) is None


def test_an_answer_without_a_body_ends_with_its_head() -> None:
    answer = b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"

    assert (body_end(answer), status_of(answer)) == (len(answer), 304)


def test_what_is_no_answer_is_said() -> None:
    with pytest.raises(NoAnswer, match="without a length"):
        body_end(HEAD + b"\r\n")
    with pytest.raises(NoAnswer, match=r"no HTTP/1\.1"):
        status_of(b"SSH-2.0-x")


class Handler(socketserver.StreamRequestHandler):
    """Answers 201 and 500 in turn, and says good-bye after the second."""

    def handle(self) -> None:
        for line, last in (("201 Created", "keep-alive"), ("500 Oops", "close")):
            while self.rfile.readline() not in {b"\r\n", b""}:
                pass
            self.wfile.write(f"HTTP/1.1 {line}\r\nConnection: {last}\r\nContent-Length: 2\r\n\r\nok".encode())


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """The clients go away in the middle of an answer when their time is up."""


@pytest.fixture
def server() -> Iterator[tuple[str, int]]:
    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield "127.0.0.1", server.server_address[1]
        server.shutdown()
        thread.join()


def test_requests_go_on_over_new_connections_and_failures_are_told_apart(server: tuple[str, int]) -> None:
    rate = closed_loop(server, repeat(get("/", "localhost")), clients=2, seconds=0.3)

    assert set(rate.statuses) == {201, 500}
    assert rate.failed == rate.statuses[500]
    assert rate.per_second == pytest.approx(rate.statuses[201] / rate.seconds)
    assert rate.ms(1.0) >= rate.ms(0.5)


def test_a_port_where_nobody_listens_is_an_error_of_its_own(server: tuple[str, int]) -> None:
    with pytest.raises(NoAnswer, match="refused"):
        closed_loop(("127.0.0.1", 1), repeat(b""), clients=1, seconds=0.1)
