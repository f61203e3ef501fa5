"""The loop of a worker in the sweeper's process, whose work lies in the database as rows."""

import logging
import threading
from collections.abc import Callable

from django.db import DatabaseError, InterfaceError, close_old_connections, connections

from comments.events.waking import LOOK_SECONDS, listen

logger = logging.getLogger(__name__)


class Worker:
    """`look` does what is due. It is called when somebody rings the bell (events.waking), where there is one,
    when `woken` is set, and by itself every so often."""

    def __init__(
        self, name: str, look: Callable[[], object], *, bell: str = "", every_seconds: float = LOOK_SECONDS
    ) -> None:
        self._name = name
        self._look = look
        self._bell = bell
        self._every_seconds = every_seconds
        self.woken = threading.Event()

    def run(self, stopping: threading.Event) -> None:
        """Blocks until `stopping` is set, and for one look more. A database or Redis that is away is tried
        again, and so is a look that failed: or nothing would be done until the process ends."""
        if self._bell:
            threading.Thread(
                target=listen,
                args=[self._bell, self.woken, stopping],
                name=f"{self._name}-wake",
                daemon=True,
            ).start()
        while not stopping.is_set():
            self.woken.clear()
            try:
                close_old_connections()
                self._look()
            except (DatabaseError, InterfaceError) as error:
                logger.warning("%s: %s", self._name, error)
            except Exception:
                logger.exception("%s", self._name)
            self.woken.wait(self._every_seconds)
        connections.close_all()
