"""All phases there are, in the order that a site's rules begin with: what is cheap and certain first."""

from typing import Final

from comments.screening.phases.akismet import AKISMET
from comments.screening.phases.blocked import BLOCKED
from comments.screening.phases.classifier import CLASSIFIER
from comments.screening.phases.external import EXTERNAL
from comments.screening.phases.first_posts import FIRST_POSTS
from comments.screening.phases.links import LINKS
from comments.screening.phases.mode import MODE
from comments.screening.phases.phase import Phase
from comments.screening.phases.proof import PROOF
from comments.screening.phases.repeats import REPEATS
from comments.screening.phases.timing import TIMING
from comments.screening.phases.trap import TRAP
from comments.screening.phases.words import WORDS

PHASES: Final[dict[str, Phase]] = {
    phase.name: phase
    for phase in (
        *(TRAP, TIMING, BLOCKED, WORDS, LINKS, REPEATS, CLASSIFIER, FIRST_POSTS),
        *(PROOF, AKISMET, EXTERNAL, MODE),
    )
}


def phase_title(name: str) -> str:
    """What moderators call the phase; its name where this version has no such phase."""
    phase = PHASES.get(name)
    return name.replace("_", " ").capitalize() if phase is None else phase.title
