"""Tells moderators' open pages, live, that something changed: numbers and names, never what a post says.

Each moderator has a channel of their own that nobody can guess, and who gets a message is decided when it is
sent: who was removed a moment ago hears nothing more.
"""

import hashlib
import hmac
import logging
from base64 import b32encode
from functools import partial
from typing import Any

import redis
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from comments.events import request_redis
from comments.events.breaker import LeftAlone
from comments.events.live_group import publishing
from comments.events.shapes import compact_json
from comments.sites.roles import moderators_of

logger = logging.getLogger(__name__)

MODERATION_KIND = "moderation/"  # of a live address: /live/moderation/{channel}


def channel_of(user: User) -> str:
    """The moderator's channel: 26 characters like a thread's key. Another password makes it another one."""
    said = f"kibitz.moderation:{user.pk}:{user.password}".encode()
    digest = hmac.new(settings.SECRET_KEY.encode(), said, hashlib.sha256).digest()
    return b32encode(digest)[:26].decode().lower()


def tell_moderators(site_id: int, news: dict[str, Any]) -> None:
    """Tells the site's moderators when the caller's transaction commits. Best effort: a page that missed it
    asks by itself, some seconds later."""
    transaction.on_commit(partial(_tell, site_id, news), robust=True)


def _tell(site_id: int, news: dict[str, Any]) -> None:
    frame = compact_json({"moderation": news})
    channels = [channel_of(user) for user in moderators_of(site_id).only("pk", "password")]
    if not channels:
        return
    try:
        request_redis.ask(*(publishing(channel, frame) for channel in channels))
    except (LeftAlone, redis.RedisError) as error:
        logger.debug("moderators are not told: %s", error)
