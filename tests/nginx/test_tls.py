"""TLS by files that may be renewed at any time, with every socket staying where it is."""

import ssl
from collections.abc import Iterator

import pytest
from cryptography import x509

from comments.supervision.nginx import Tls
from tests.certificates import issue, tls_files
from tests.nginx.instances import live_path, running_front, running_push
from tests.nginx.talk import WebSocket, ask, connected
from tests.servers import unused_port


@pytest.fixture
def tls() -> Iterator[Tls]:
    with tls_files() as files:
        yield files


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def serial_at(port: int) -> int:
    with connected(port, tls=trusting()) as connection:
        assert isinstance(connection, ssl.SSLSocket)
        der = connection.getpeercert(binary_form=True)
        assert der is not None
        return x509.load_der_x509_certificate(der).serial_number


def test_a_renewed_certificate_counts_from_the_next_handshake_and_no_socket_notices(tls: Tls) -> None:
    issue(tls, serial=1)
    with running_push(tls=tls) as push:
        workers = push.worker_pids()
        with WebSocket(connected(push.port, tls=trusting()), live_path()) as reader:
            push.wait_for_readers(1)
            assert serial_at(push.port) == 1

            issue(tls, serial=2)

            assert serial_at(push.port) == 2
            push.publish("still here")
            assert reader.text() == "still here"
        assert push.worker_pids() == workers


def test_the_front_speaks_http_2_and_1_1_over_tls_and_sends_others_there(tls: Tls) -> None:
    issue(tls, serial=1)
    plain = unused_port()
    with running_front(
        api="unix:/nowhere", live=("unix:/nowhere",), tls=tls, redirect_listen=f"127.0.0.1:{plain}"
    ) as front:
        for offered in ("h2", "http/1.1"):
            context = trusting()
            context.set_alpn_protocols([offered])
            with connected(front.port, tls=context) as connection:
                assert isinstance(connection, ssl.SSLSocket)
                assert connection.selected_alpn_protocol() == offered

        answer = ask(plain, "GET", "/demo/?a=1", {"Host": "comments.example.org"})
        assert (answer.status, answer.headers["location"]) == (301, "https://comments.example.org/demo/?a=1")
