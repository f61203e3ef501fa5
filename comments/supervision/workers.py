"""Notices when one of a process's own children has died, although the process goes on and replaces it."""

from pathlib import Path
from typing import Final

LOOK_EVERY_SECONDS: Final = 0.5


class Workers:
    """The children of one process, as they come. Linux tells them; elsewhere nothing is noticed."""

    def __init__(self, pid: int, *, now: float) -> None:
        self._pid = pid
        self._known: frozenset[int] = frozenset()
        self._look_at = now

    def has_lost_one(self, now: float) -> bool:
        """Whether a child that was seen is gone; looks every half second."""
        if now < self._look_at:
            return False
        self._look_at = now + LOOK_EVERY_SECONDS
        present = self._present()
        is_lost = not self._known <= present
        self._known = present
        return is_lost

    def seconds_until_look(self, now: float) -> float:
        return max(0.0, self._look_at - now)

    def _present(self) -> frozenset[int]:
        try:
            return frozenset(
                map(int, Path(f"/proc/{self._pid}/task/{self._pid}/children").read_text().split())
            )
        except OSError:
            return self._known  # it is ending, which its parent notices by itself
