"""Posts a recorded thread through the public API at its recorded pace."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen
from uuid import uuid4

from comments.demo.recordings import Recorded

TIMEOUT_SECONDS = 10
ATTEMPTS = 5


class ReplayFailed(Exception):
    """The server refused or is not there; the message says which."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the posts go: a page of a site, on the server at `base_url`."""

    base_url: str
    key: str
    page: dict[str, str]


def paced(
    comments: list[Recorded], *, speed: float, max_pause_seconds: float
) -> Iterator[tuple[float, Recorded]]:
    """Each comment with the seconds to wait before it: the recorded gap over `speed`, at most the maximum."""
    before = comments[0].at if comments else None
    for comment in comments:
        assert before is not None
        gap = (comment.at - before).total_seconds() / speed
        before = comment.at
        yield min(max(gap, 0.0), max_pause_seconds), comment


def post_comment(target: Target, comment: Recorded, *, sleep: Callable[[float], None] = time.sleep) -> int:
    """Posts one comment; its id. Waits out a throttle; tries a lost connection again under the same
    idempotency key. Raises ReplayFailed."""
    try:
        request = _request(target, comment)
    except ValueError as error:
        raise ReplayFailed(f"{target.base_url} is no address: {error}") from error
    reason = ""
    for attempt in range(ATTEMPTS):
        try:
            with urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
                return int(json.load(response)["id"])
        except HTTPError as error:
            reason = f"{error.code} {error.read(500).decode(errors='replace')}"
            if error.code not in {429, 503}:
                break
            sleep(float(error.headers.get("Retry-After", 1)))
        except (URLError, TimeoutError, ConnectionError, HTTPException) as error:
            reason = str(getattr(error, "reason", error))
            sleep(2.0**attempt / 4)
        except (ValueError, LookupError, TypeError) as error:
            raise ReplayFailed(f"What answers at {target.base_url} is no Kibitz.") from error
    raise ReplayFailed(f"{target.base_url} did not take the comment: {reason}")


def _request(target: Target, comment: Recorded) -> Request:
    return Request(  # noqa: S310  the address is the operator's own
        f"{target.base_url}/api/v1/threads/{target.key}/posts/",
        data=json.dumps({"body": comment.body, "name": comment.author, "page": target.page}).encode(),
        headers={"Content-Type": "application/json", "X-Kibitz": "1", "Idempotency-Key": str(uuid4())},
    )
