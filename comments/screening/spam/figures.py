"""How well a judge of texts did, in the four numbers that everybody compares."""

from collections.abc import Sequence
from typing import NamedTuple


class Figures(NamedTuple):
    """Counts of right and wrong; a ratio is None where there was nothing to count."""

    spam_found: int
    spam_missed: int
    good_accused: int
    good_left: int

    @classmethod
    def of(cls, verdicts: Sequence[bool], labels: Sequence[bool]) -> "Figures":
        """`verdicts` are the judge's, `labels` the truth; True is spam."""
        pairs = list(zip(verdicts, labels, strict=True))
        return cls(
            *(pairs.count(pair) for pair in ((True, True), (False, True), (True, False), (False, False)))
        )

    @property
    def examples(self) -> int:
        return sum(self)

    @property
    def accuracy(self) -> float | None:
        return _ratio(self.spam_found + self.good_left, self.examples)

    @property
    def precision(self) -> float | None:
        """How much of what was called spam is spam."""
        return _ratio(self.spam_found, self.spam_found + self.good_accused)

    @property
    def recall(self) -> float | None:
        """How much of the spam was found."""
        return _ratio(self.spam_found, self.spam_found + self.spam_missed)

    @property
    def false_positive_rate(self) -> float | None:
        """How much of what is good was called spam."""
        return _ratio(self.good_accused, self.good_accused + self.good_left)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
