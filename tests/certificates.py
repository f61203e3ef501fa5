"""Certificates that tests sign for themselves."""

import base64
import datetime
import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from comments.supervision.nginx import Tls


@contextmanager
def tls_files() -> Iterator[Tls]:
    """Where a certificate and its key may lie, for as long as the block runs."""
    # Not pytest's own directory: another run that begins meanwhile closes it to other accounts.
    with tempfile.TemporaryDirectory(prefix="kibitz-tls-") as directory:
        Path(directory).chmod(0o711)  # nginx's workers read them at each handshake, as another user
        yield Tls(f"{directory}/cert.pem", f"{directory}/key.pem")


def issue(tls: Tls, serial: int = 1, *, names: Sequence[str] = ("localhost",)) -> str:
    """Writes a self-signed certificate of these hosts and its key over the old ones; the fingerprint of its
    key, by which Chromium can be told to trust it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), serial)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    for path, content in ((tls.key, private), (tls.certificate, certificate.public_bytes(pem))):
        Path(path).write_bytes(content)
        Path(path).chmod(0o644)
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(hashlib.sha256(public).digest()).decode()
