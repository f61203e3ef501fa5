"""Whether a provider can work, as far as that is seen without signing in: a client id and a secret are right
or wrong when somebody tries."""

import json
import threading
import time
from dataclasses import dataclass
from typing import Final

from allauth.socialaccount.models import SocialApp

from comments import env
from comments.errors import Unavailable
from comments.screening.calls import Bounds, CallFailed, fault_of, get
from comments.signin.providers import OPENID, app_of

SECONDS: Final = 3.0  # for each; somebody waits
ALL_SECONDS: Final = 9.0
MAX_BYTES: Final = 64 * 1024
WELL_KNOWN: Final = "/.well-known/openid-configuration"
NEEDED: Final = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint")
_HEADERS: Final = {"Accept": "application/json", "User-Agent": "Kibitz"}
_checking: Final = threading.BoundedSemaphore(1)  # waiting must not take all of a server's threads


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found of one. `fault` is for the operator: it may name what is on their own network."""

    id: str
    fault: str  # a sentence, "" where there is none
    is_set_up: bool
    was_asked: bool


def check_providers(ids: list[str]) -> list[Checked]:
    """Blocks for 9 s at most, with no transaction open. Raises Unavailable while another check is at it."""
    if not _checking.acquire(blocking=False):
        raise Unavailable("Another check is at it. Try again in a moment.")
    try:
        ends_at = time.monotonic() + ALL_SECONDS
        return [_checked(each, ends_at) for each in ids]
    finally:
        _checking.release()


def _checked(id_: str, ends_at: float) -> Checked:
    app = app_of(id_)
    if app is None:
        return Checked(id_, "It is not set up under Social applications.", is_set_up=False, was_asked=False)
    if not app.client_id:
        return Checked(id_, "It has no client id.", is_set_up=True, was_asked=False)
    if app.provider != OPENID:
        return Checked(id_, "", is_set_up=True, was_asked=False)
    return Checked(id_, _discovery_fault(app, ends_at - time.monotonic()), is_set_up=True, was_asked=True)


def _discovery_fault(app: SocialApp, seconds_left: float) -> str:
    """Of the document in which an OpenID Connect provider says where its pages are."""
    url = str((app.settings or {}).get("server_url", ""))
    if "/.well-known/" not in url:  # as allauth has it
        url += WELL_KNOWN
    if seconds_left <= 0:
        return "It was not asked: those before it took too long."
    bounds = Bounds(min(SECONDS, seconds_left), MAX_BYTES, may_be_private=env.external_may_be_private())
    try:
        said = json.loads(get(url, _HEADERS, bounds).body)
    except CallFailed as failed:
        return f"{url} {failed.fault}."
    except (ValueError, RecursionError):
        return f"{url} answered no JSON."
    if not isinstance(said, dict):
        return f"{url} answered no JSON object."
    said |= (app.settings or {}).get("openid_configuration_overrides", {})
    missing = [name for name in NEEDED if not isinstance(said.get(name), str) or fault_of(said[name])]
    return f"{url} names no usable {', '.join(missing)}." if missing else ""
