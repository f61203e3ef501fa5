"""Work beside the formatter's, of which nothing is owed: what is missed is told by the next turn."""

import logging
import threading
from collections.abc import Callable
from typing import Final

import redis

from realtime.publisher import PublishFailed

AWAY_SECONDS: Final = 2.0

logger = logging.getLogger(__name__)


def repeat(turn: Callable[[], None], stop: threading.Event, *, what: str) -> None:
    """Takes turns until `stop` is set; nothing but that ends it. `what` is said where one fails."""
    while not stop.is_set():
        try:
            turn()
        except (redis.RedisError, PublishFailed) as error:
            logger.debug("%s: not told: %s", what, error)
            stop.wait(AWAY_SECONDS)
        except Exception:
            logger.exception("%s: telling failed", what)
            stop.wait(AWAY_SECONDS)
