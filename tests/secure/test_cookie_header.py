"""The cookies' exact form at the end of every line of servers that an answer may come through."""

import http.client
import json
import re
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from comments.supervision.api_server import api_service
from comments.supervision.probes import http_question
from comments.supervision.state import RunDir
from tests.cast import API
from tests.nginx.instances import running_front
from tests.nginx.talk import Address, connected
from tests.secure.conftest import KIBITZ, SITE, Secure
from tests.secure.door import CONTROL
from tests.servers import Server

pytestmark = pytest.mark.one_database

DATE = r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"
FORM = re.compile(
    rf"__Host-kibitz-blog=[\w-]{{43}}; expires={DATE}; HttpOnly; Max-Age=7776000; Partitioned; Path=/;"
    r" SameSite=None; Secure"
)
ENDED_FORM = re.compile(
    rf'__Host-kibitz-blog=""; expires={DATE}; HttpOnly; Max-Age=0; Partitioned; Path=/; SameSite=None; Secure'
)
CONTROL_FORM = f"{CONTROL}=1; HttpOnly; Path=/; SameSite=None; Secure"


@pytest.fixture(scope="module")
def granian(secure: Secure) -> Iterator[str]:
    """The stack's API server on the same site, by its socket."""
    with tempfile.TemporaryDirectory(prefix="kibitz-granian-") as directory:
        path = Path(directory) / "api.sock"
        path.parent.chmod(0o711)
        service = api_service(path, workers=1)
        settings = {
            **RunDir(secure.run.state_dir).environment(),
            **service.env,
            "KIBITZ_STATE_DIR": str(secure.run.state_dir),
            "DJANGO_SETTINGS_MODULE": "tests.secure.settings",
            "PYTHONPATH": str(Path.cwd()),
        }
        given = [f"{name}={value}" for name, value in settings.items()]
        server = Server(
            "granian",
            ["env", *given, *service.argv],
            directory=path.parent,
            is_up=http_question(path).is_answered_well,
        )
        server.start()
        path.chmod(0o777)  # nginx's workers are another user
        yield str(path)
        server.stop()


@pytest.fixture(scope="module")
def addresses(secure: Secure, granian: str) -> Iterator[Mapping[str, Address]]:
    """Where to ask, by what an answer goes through."""
    front = urlsplit(secure.url).port
    assert front is not None
    with running_front(api=f"unix:{granian}", live=(f"unix:{granian}",), workers=1) as before_granian:
        yield {
            "daphne": secure.run.port,
            "daphne, front, tls": front,
            "granian": granian,
            "granian, front": before_granian.port,
        }


@pytest.mark.parametrize("line", ["daphne", "daphne, front, tls", "granian", "granian, front"])
def test_cookies_leave_every_line_of_servers_in_one_form(
    addresses: Mapping[str, Address], sites: object, line: str
) -> None:
    told = json.dumps({"email": "ann@example.org", "name": "Ann"})

    given = cookies_of(addresses[line], "POST", "door", told, is_tls="tls" in line)
    ended = cookies_of(addresses[line], "DELETE", "session", "", is_tls="tls" in line)

    assert len(given) == 2
    session, control = sorted(given)
    assert FORM.fullmatch(session), session
    assert control == CONTROL_FORM
    assert len(ended) == 1
    assert ENDED_FORM.fullmatch(ended[0]), ended


def cookies_of(address: Address, method: str, call: str, told: str, *, is_tls: bool) -> list[str]:
    """The Set-Cookie headers of an answer that nobody may keep."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPConnection(KIBITZ, timeout=10)
    connection.sock = connected(address, tls=context if is_tls else None)
    try:
        headers = {"X-Kibitz": "1", "Content-Type": "application/json"}
        connection.request(method, f"{API}sites/{SITE}/{call}/", told, headers)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    assert answer.status in {200, 204}, content
    assert answer.headers.get_all("Cache-Control") == ["no-store"]
    return answer.headers.get_all("Set-Cookie") or []
