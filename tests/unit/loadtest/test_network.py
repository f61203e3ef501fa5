"""The network that can be lost, and the push node that can be sick, as a program of their own."""

import http.client
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import ThreadingUnixStreamServer

import pytest

from loadtest.convergence.programs import Network
from tests.servers import unused_port

PATIENCE_SECONDS = 0.3  # so long nothing must come; what passes takes a millisecond


class _Upper(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).upper()
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_: object) -> None:
        pass


class _UnixServer(ThreadingUnixStreamServer):
    daemon_threads = True


@pytest.fixture
def push_port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Upper) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def push_config(tmp_path: Path) -> Iterator[Path]:
    with _UnixServer(str(tmp_path / "p.sock"), _Upper) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        config = tmp_path / "push.conf"
        config.write_text(f"server {{\n  listen unix:{tmp_path / 'p.sock'};\n}}\n")
        yield config
        server.shutdown()


@pytest.fixture
def ports() -> tuple[int, int]:
    return unused_port(), unused_port()


@pytest.fixture
def network(ports: tuple[int, int], push_port: int, push_config: Path) -> Iterator[Network]:
    with Network(
        readers_port=ports[0], node_port=ports[1], push_port=push_port, push_config=push_config
    ) as network:
        yield network


def ask(connection: http.client.HTTPConnection, body: bytes) -> tuple[int, bytes]:
    connection.request("POST", "/", body)
    answer = connection.getresponse()
    return answer.status, answer.read()


@pytest.mark.parametrize("which", [0, 1], ids=["readers", "node"])
def test_everything_passes_at_first(network: Network, ports: tuple[int, int], which: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", ports[which], timeout=5)

    assert [ask(connection, b"one"), ask(connection, b"two")] == [(201, b"ONE"), (201, b"TWO")]
    connection.close()


@pytest.mark.parametrize("which", [0, 1], ids=["readers", "node"])
def test_while_it_is_silent_nothing_comes_back(network: Network, ports: tuple[int, int], which: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", ports[which], timeout=PATIENCE_SECONDS)
    assert ask(connection, b"one") == (201, b"ONE")

    network.set(("readers", "node")[which], "silent")

    with pytest.raises(TimeoutError):
        ask(connection, b"two")
    connection.close()


def test_what_the_lost_network_held_back_comes_when_it_is_back(
    network: Network, ports: tuple[int, int]
) -> None:
    network.set("readers", "silent")
    with socket.create_connection(("127.0.0.1", ports[0]), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none")
        with pytest.raises(TimeoutError):
            connection.recv(1)

        network.set("readers", "pass")

        connection.settimeout(5)
        assert connection.recv(12) == b"HTTP/1.1 201"


def test_a_broken_node_answers_500_and_takes_nothing(network: Network, ports: tuple[int, int]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", ports[1], timeout=5)
    network.set("node", "broken")
    assert ask(connection, b"one") == (500, b"")

    network.set("node", "pass")

    assert ask(connection, b"two") == (201, b"TWO")
    connection.close()
