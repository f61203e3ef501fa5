"""Real identity providers (npm's oidc-provider) as processes, and somebody's browser at its pages."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGTERM
from typing import Final
from urllib.parse import urljoin

import requests

from comments.supervision.nginx import Tls
from comments.supervision.processes import tie_to_parent

SCRIPT: Final = Path(__file__).parents[1] / "embed" / "tests" / "identity_provider.mjs"
APPLE_SCRIPT: Final = SCRIPT.with_name("apple_provider.mjs")
CLIENT_ID: Final = "kibitz"
CLIENT_SECRET: Final = "a-secret-of-the-tests"
_FORM: Final = re.compile(r'<form method="post">')


@contextmanager
def identity_provider(*redirect_uris: str, cuts_off: bool = False) -> Iterator[str]:
    """Its address, until the block ends. One that `cuts_off` parts the popup from its opener."""
    with _running(SCRIPT, *(["--cuts-off"] if cuts_off else []), *redirect_uris) as address:
        assert address.startswith("http://127.0.0.1:"), "the identity provider did not start"
        yield address


@contextmanager
def apple_provider(port: int, tls: Tls, redirect_uri: str) -> Iterator[None]:
    """Apple's own addresses, for whoever asks the proxy at this port for them, until the block ends. What
    Kibitz signs for Apple it signs with the key of the certificate."""
    with _running(APPLE_SCRIPT, str(port), tls.certificate, tls.key, redirect_uri) as address:
        assert address == "https://appleid.apple.com", "Apple's provider did not start"
        yield


@contextmanager
def _running(script: Path, *arguments: str) -> Iterator[str]:
    """The first line that it prints."""
    process = subprocess.Popen(
        ["node", str(script), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # it warns of its keys, which are for tests
        text=True,
        preexec_fn=tie_to_parent(SIGTERM),
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def at_provider(address: str, **typed: str) -> str:
    """Follows the way to the provider, fills in its form, and is led back: the address there."""
    with requests.Session() as browser:
        provider = "/".join(address.split("/")[:3])
        answer = browser.get(address, allow_redirects=False)
        for _ in range(8):
            if answer.is_redirect:
                address = urljoin(address, answer.headers["Location"])
                if not address.startswith(provider):
                    return address
                answer = browser.get(address, allow_redirects=False)
            else:
                assert _FORM.search(answer.text), (answer.status_code, answer.text)
                answer = browser.post(address, data=typed, allow_redirects=False)
    raise AssertionError("the provider leads nowhere")
