"""The numbers by which posts are sorted; pure."""

from math import sqrt
from typing import Final

_Z: Final = 1.96  # 95 % confidence


def best(up: int, down: int) -> float:
    """The lower bound of the Wilson score interval of the share of upvotes, in [0, 1): few votes rank
    cautiously (E. B. Wilson, 1927)."""
    total = up + down
    if up == 0:
        return 0.0  # exactly: below, what is left of centre and spread would be a rounding error
    share = up / total
    centre = share + _Z**2 / (2 * total)
    spread = _Z * sqrt((share * (1 - share) + _Z**2 / (4 * total)) / total)
    return max(0.0, (centre - spread) / (1 + _Z**2 / total))


def controversy(up: int, down: int) -> float:
    """Many votes, evenly split, rank high: total ** (smaller side / larger side); 0 without both sides."""
    if up == 0 or down == 0:
        return 0.0
    return float((up + down) ** (min(up, down) / max(up, down)))
