"""How many links a text has, counted as readers would see them."""

from typing import Final

from comments.screening.phases.phase import PASS, Phase
from comments.screening.settings import Settings
from comments.screening.submission import Outcome, Submission, Verdict
from comments.screening.texts import html_of, targets


def links(submission: Submission, settings: Settings) -> Verdict:
    count, most = len(targets(html_of(submission))), settings.fields.max_links
    if count <= most:
        return PASS
    noun = "link" if count == 1 else "links"
    return Verdict(Outcome.HOLD, LINKS.name, f"Has {count} {noun} (at most {most} show at once)")


LINKS: Final = Phase("links", "Links", "Advertising lives of links.", links, fields=("max_links",))
