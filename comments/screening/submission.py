"""What is screened, and what a phase says of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from comments.identity.models import Author
from comments.sites.models import Site


class Kind(StrEnum):
    """How a text reached the site. All of them go through the same phases."""

    POST = "post"
    EDIT = "edit"
    IMPORT = "import"


class Outcome(StrEnum):
    PASS = "pass"  # noqa: S105  no password
    HOLD = "hold"
    SPAM = "spam"  # held, and shown among the spam
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one phase says. `reason` is a sentence for moderators; readers never see it."""

    outcome: Outcome
    phase: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """A text that somebody wants to be public, with what is known of it before it is stored.

    `author` has no row yet where a guest writes for the first time. `address` is the sender's, "" where
    nobody sent it (an import). `trap` is what was filled into a field that people do not see, and
    `seconds_open` how long the form was open; None where the client did not say. `proof` is a solved
    challenge. `html` is the body rendered, where somebody has done that already.
    """

    kind: Kind
    site: Site
    thread_key: str
    page_url: str
    author: Author
    name: str
    email: str
    body: str
    now: datetime
    is_reply: bool = False
    post_id: int | None = None
    address: str = ""
    user_agent: str = ""
    trap: str = ""
    seconds_open: float | None = None
    proof: str = ""
    html: str = ""
