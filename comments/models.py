"""Every slice's models, where Django looks for them."""

from comments.events.models import Event
from comments.identity.models import Author
from comments.posting.models import Flag, Vote
from comments.sites.models import Site
from comments.threads.models import Incarnation, Post, Thread

__all__ = ["Author", "Event", "Flag", "Incarnation", "Post", "Site", "Thread", "Vote"]
