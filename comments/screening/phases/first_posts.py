"""An author whom the moderators do not know yet."""

from typing import Final

from comments.screening.phases.phase import NEW, PASS, Phase
from comments.screening.settings import Settings
from comments.screening.submission import Outcome, Submission, Verdict


def first_posts(submission: Submission, settings: Settings) -> Verdict:
    wanted = settings.fields.first_posts
    approved = settings.history.approved_posts(submission, at_most=wanted)
    if approved >= wanted:
        return PASS
    had = "no approved comment" if not approved else f"{approved} of {wanted} approved comments"
    return Verdict(Outcome.HOLD, FIRST_POSTS.name, f"A new author, with {had} so far")


FIRST_POSTS: Final = Phase(
    "first_posts", "First comments", "A new author's are held.", first_posts, NEW, fields=("first_posts",)
)
