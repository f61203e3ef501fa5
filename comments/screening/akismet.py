"""Akismet: asks it about a text, and tells it where it was wrong."""

from typing import Final
from urllib.parse import urlencode

from comments import env
from comments.screening.calls import Bounds, CallFailed, Reply, post
from comments.screening.submission import Kind, Outcome, Submission, Verdict

PHASE: Final = "akismet"
TIMEOUT_SECONDS: Final = 3.0
ANSWER_MAX_BYTES: Final = 4_096  # "true", "false", or a word about what was wrong with the question
_SHOWN_CHARS: Final = 100
_TYPES: Final = {False: "comment", True: "reply"}


def check(submission: Submission, *, key: str) -> Verdict:
    """What Akismet says; blocks for 3 s at most. Raises CallFailed where it says nothing that can be read."""
    reply = _asked("comment-check", submission, key)
    said = _text(reply)
    if said == "false":
        return Verdict(Outcome.PASS, PHASE)
    if said != "true":
        raise CallFailed(_refusal(reply, said))
    if reply.headers.get("x-akismet-pro-tip", "").strip().lower() == "discard":
        return Verdict(Outcome.SPAM, PHASE, "Akismet calls it spam of the worst kind.")
    return Verdict(Outcome.SPAM, PHASE, "Akismet calls it spam.")


def report(submission: Submission, *, is_spam: bool, key: str) -> None:
    """Tells Akismet what a moderator decided against it. Raises CallFailed."""
    reply = _asked("submit-spam" if is_spam else "submit-ham", submission, key)
    said = _text(reply)
    if not said.startswith("Thanks"):
        raise CallFailed(_refusal(reply, said))


def _asked(call: str, submission: Submission, key: str) -> Reply:
    told = {
        "api_key": key,
        "blog": next(iter(submission.site.origins), submission.page_url),
        "blog_charset": "UTF-8",
        "user_ip": submission.address,
        "user_agent": submission.user_agent,
        "permalink": submission.page_url,
        "comment_type": _TYPES[submission.is_reply],
        "comment_author": submission.name,
        "comment_author_email": submission.email,
        "comment_content": submission.body,
        "comment_date_gmt": submission.now.isoformat(timespec="seconds"),
        "recheck_reason": "edit" if submission.kind == Kind.EDIT else "",
    }
    body = urlencode({name: value for name, value in told.items() if value}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "Kibitz/0.1"}
    # The operator's own setting says where, so it may be near.
    bounds = Bounds(TIMEOUT_SECONDS, ANSWER_MAX_BYTES, may_be_private=True)
    return post(f"{env.akismet_url()}/{call}", body, headers, bounds)


def _text(reply: Reply) -> str:
    return reply.body.decode(errors="replace").strip()


def _refusal(reply: Reply, said: str) -> str:
    if said == "invalid":
        said = reply.headers.get("x-akismet-debug-help", "").strip() or "the key is not valid"
    return f"gave no verdict: {_shown(said)}"


def _shown(said: str) -> str:
    """So much of a stranger's text as moderators need to see."""
    return (
        "".join(character if character.isprintable() else " " for character in said[:_SHOWN_CHARS])
        or "nothing"
    )
