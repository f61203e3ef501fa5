"""TLS by files that may be renewed at any time, with every socket staying where it is."""

import datetime
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from comments.supervision.nginx import Tls
from tests.nginx.instances import live_path, running_front, running_push
from tests.nginx.talk import WebSocket, ask, connected
from tests.servers import unused_port


@pytest.fixture
def tls() -> Iterator[Tls]:
    # Not pytest's own directory: another run that begins meanwhile closes it to other accounts.
    with tempfile.TemporaryDirectory(prefix="kibitz-tls-") as directory:
        Path(directory).chmod(0o711)  # the workers' user reads them at each handshake
        yield Tls(f"{directory}/cert.pem", f"{directory}/key.pem")


def issue(tls: Tls, serial: int) -> None:
    """Writes a self-signed certificate and its key over the old ones."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), serial)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    for path, content in ((tls.key, private), (tls.certificate, certificate.public_bytes(pem))):
        Path(path).write_bytes(content)
        Path(path).chmod(0o644)


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
