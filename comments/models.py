"""Every slice's models, where Django looks for them."""

from comments.audit.models import Action
from comments.events.models import Event
from comments.identity.models import Author
from comments.moderation.models import AuthorNote, Claim, ErasedText
from comments.posting.models import Flag, Vote
from comments.screening.models import Check, HeldFor, SiteRules, SpamModel
from comments.sites.models import Site, SiteGroup
from comments.threads.models import Incarnation, Post, Thread

__all__ = [
    "Action",
    "Author",
    "AuthorNote",
    "Check",
    "Claim",
    "ErasedText",
    "Event",
    "Flag",
    "HeldFor",
    "Incarnation",
    "Post",
    "Site",
    "SiteGroup",
    "SiteRules",
    "SpamModel",
    "Thread",
    "Vote",
]
