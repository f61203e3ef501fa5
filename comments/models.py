"""Every slice's models, where Django looks for them."""

from comments.accounts.models import CacheEntry
from comments.audit.models import Action
from comments.events.models import Event
from comments.identity.models import Author, Identity, Session
from comments.mail.models import Mail
from comments.moderation.models import AuthorNote, Claim, ErasedText
from comments.posting.models import Flag, Vote
from comments.screening.models import Check, HeldFor, SiteRules, SpamModel
from comments.signin.models import Avatar, EmailCode, Handoff, Passkey, SiteSignIn, UsedToken
from comments.sites.models import Site, SiteGroup
from comments.threads.models import Incarnation, Post, Thread

__all__ = [
    "Action",
    "Author",
    "AuthorNote",
    "Avatar",
    "CacheEntry",
    "Check",
    "Claim",
    "EmailCode",
    "ErasedText",
    "Event",
    "Flag",
    "Handoff",
    "HeldFor",
    "Identity",
    "Incarnation",
    "Mail",
    "Passkey",
    "Post",
    "Session",
    "Site",
    "SiteGroup",
    "SiteRules",
    "SiteSignIn",
    "SpamModel",
    "Thread",
    "UsedToken",
    "Vote",
]
