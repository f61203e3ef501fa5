"""Which vote totals were seen last, so that an entry taken over late brings no old score back. Pure."""

from typing import Final

from realtime.frames import Totals

REMEMBER_MS: Final = 120_000  # an entry this old was delivered five times or lay in a stopped system


class LatestTotals:
    """Remembers, for two minutes, the newest entry id of each post's totals.

    Totals are not numbered, the newest wins: the order is the one in which Redis took them, the entry id.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], tuple[int, int]] = {}
        self._swept_ms = 0

    def newer(self, entry_id: str, totals: Totals) -> Totals:
        """The totals without those of posts that a later entry has spoken about."""
        milliseconds, _, number = entry_id.partition("-")
        at = (int(milliseconds), int(number))
        current = {}
        for post_id, tally in totals.tallies.items():
            if self._seen.get((totals.key, post_id), at) <= at:
                self._seen[totals.key, post_id] = at
                current[post_id] = tally
        self._sweep(at[0])
        return Totals(totals.key, current, totals.site)

    def _sweep(self, now_ms: int) -> None:
        if now_ms - self._swept_ms > REMEMBER_MS:
            self._swept_ms = now_ms
            self._seen = {name: at for name, at in self._seen.items() if at[0] > now_ms - REMEMBER_MS}
