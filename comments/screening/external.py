"""The owner's own service, asked over HTTP: signed, bounded, and believed in four words only."""

import hmac
import json
import time
from hashlib import sha256
from typing import Any, Final

from comments import env
from comments.events.shapes import compact_json
from comments.markup.plain import one_line
from comments.screening.calls import Bounds, CallFailed, post
from comments.screening.submission import Outcome, Submission, Verdict

PHASE: Final = "external"
TIMEOUT_SECONDS: Final = 3.0
ANSWER_MAX_BYTES: Final = 64 * 1024
REASON_MAX_CHARS: Final = 300
SIGNATURE_HEADER: Final = "X-Kibitz-Signature"


def check(
    submission: Submission, *, url: str, secret: str, timeout_seconds: float = TIMEOUT_SECONDS
) -> Verdict:
    """What the service says; blocks for `timeout_seconds` at most. Raises CallFailed where it says nothing
    that can be read."""
    body = compact_json(told(submission)).encode()
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "User-Agent": "Kibitz/0.1",
        SIGNATURE_HEADER: signature(secret, body, int(time.time())),
    }
    bounds = Bounds(timeout_seconds, ANSWER_MAX_BYTES, may_be_private=env.external_may_be_private())
    return _verdict(post(url, body, headers, bounds).body)


def told(submission: Submission) -> dict[str, Any]:
    """What the service is told; fields are added, never changed."""
    return {
        "submission": {
            "kind": submission.kind.value,
            "site": submission.site.key,
            "thread": submission.thread_key,
            "page": submission.page_url,
            "post": submission.post_id,
            "is_reply": submission.is_reply,
            "body": submission.body,
            "author": {"id": submission.author.pk, "name": submission.name, "email": submission.email},
            "address": submission.address,
            "user_agent": submission.user_agent,
        }
    }


def signature(secret: str, body: bytes, at: int) -> str:
    """The header's value: when (seconds since 1970), and the HMAC-SHA256 of that time, a dot and the body."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, sha256).hexdigest()
    return f"t={at},v1={digest}"


def _verdict(answer: bytes) -> Verdict:
    try:
        said: Any = json.loads(answer)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        raise CallFailed("answered no JSON") from None
    if not isinstance(said, dict):
        raise CallFailed("answered JSON that is no object")
    try:
        outcome = Outcome(said["outcome"])
    except (KeyError, ValueError):
        raise CallFailed('answered no "outcome" of pass, hold, spam or reject') from None
    reason = said.get("reason") or ""
    if not isinstance(reason, str):
        raise CallFailed('answered a "reason" that is no text')
    words = one_line(reason.encode(errors="replace").decode())[:REASON_MAX_CHARS]
    if outcome != Outcome.PASS:
        words = f"The site's own check says: {words or outcome.value}"
    return Verdict(outcome, PHASE, words)
