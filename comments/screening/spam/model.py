"""What was learned from examples: how a text scores, why, and how that is kept; pure, without a library."""

import json
import math
import zlib
from dataclasses import dataclass
from typing import Any, Final, Self

from comments.screening.spam.features import LOOKS, Reading, read

_STEEPEST: Final = 30.0  # beyond it a score is 0 or 1 to thirteen digits
_MOST_REASONS: Final = 3
_LONGEST_PHRASE: Final = 8  # words; a phrase is a hint, the post stands beside it
_LONGEST_WORD: Final = 60
_SLIGHT: Final = 0.15  # of the strongest reason: what weighs less is not told
MAX_BYTES: Final = 8 * 1024 * 1024


class UnusableModel(Exception):
    """What is kept is no model that this version can use; the message says why."""


@dataclass(frozen=True, slots=True)
class Reason:
    """What speaks for spam, as a moderator reads it, and how much of the score it is."""

    words: str
    weight: float


@dataclass(frozen=True, slots=True)
class Assessment:
    """How much a text is like spam, from 0 to 1, and why; 0.5 is where training drew the line."""

    score: float
    reasons: list[Reason]

    @property
    def percent(self) -> int:
        """Never 100: a model is never sure."""
        return min(99, int(self.score * 100))

    def told(self) -> str:
        """`93 % like spam: "check out my channel", link`."""
        because = ", ".join(reason.words for reason in self.reasons)
        return f"{self.percent} % like spam" + (f": {because}" if because else "")


@dataclass(frozen=True, slots=True)
class Model:
    """A weight for each feature, and the sum of weights from which a text counts as spam."""

    weights: dict[str, float]
    bias: float
    threshold: float

    def margin(self, reading: Reading) -> float:
        """The sum of the weights of what is seen."""
        weights = self.weights
        return self.bias + sum(
            weights[name] * value for name, value in reading.values().items() if name in weights
        )

    def score(self, text: str) -> float:
        """How much the text is like spam, from 0 to 1; at 0.5 and above it is spam."""
        return self._score(read(text))

    def is_spam(self, text: str) -> bool:
        """Whether the text is beyond the line that training drew."""
        return self.margin(read(text)) >= self.threshold

    def assess(self, text: str) -> Assessment:
        """The score and what speaks for spam."""
        reading = read(text)
        return Assessment(self._score(reading), self._reasons(reading))

    def explain(self, text: str) -> list[Reason]:
        """What in the text speaks most for spam, the strongest first."""
        return self._reasons(read(text))

    def _score(self, reading: Reading) -> float:
        above = self.margin(reading) - self.threshold
        return 1 / (1 + math.exp(-max(-_STEEPEST, min(_STEEPEST, above))))

    def _reasons(self, reading: Reading) -> list[Reason]:
        """What is there to see: cues and pairs of words give their weight to the words they are about."""
        words = [0.0] * len(reading.words)
        reasons: dict[str, float] = {}
        for one in reading.seen:
            weight = self.weights.get(one.name, 0.0) * one.value
            for at in range(one.begin, one.end):
                words[at] += weight / (one.end - one.begin)
            if one.name in LOOKS:
                reasons[LOOKS[one.name]] = weight
        for phrase, weight in _phrases(reading.words, words):
            reasons[phrase] = max(reasons.get(phrase, 0.0), weight)
        strongest = sorted(
            ((words, weight) for words, weight in reasons.items() if weight > 0),
            key=lambda reason: (-reason[1], reason[0]),
        )[:_MOST_REASONS]
        return [Reason(*reason) for reason in strongest if reason[1] >= _SLIGHT * strongest[0][1]]

    def to_bytes(self) -> bytes:
        """Weights and bias, compact, and the same for the same model."""
        kept = {"bias": self.bias, "weights": self.weights}
        return zlib.compress(json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode(), 9)

    @classmethod
    def from_bytes(cls, data: bytes, *, threshold: float) -> Self:
        """Raises UnusableModel."""
        try:
            kept: Any = json.loads(zlib.decompressobj().decompress(data, MAX_BYTES))
            weights = {str(name): float(weight) for name, weight in kept["weights"].items()}
            model = cls(weights, float(kept["bias"]), threshold)
        except (ValueError, KeyError, TypeError, AttributeError, zlib.error, RecursionError) as error:
            raise UnusableModel("its weights cannot be read") from error
        if not all(map(math.isfinite, [model.bias, model.threshold, *weights.values()])):
            raise UnusableModel("its weights are no numbers")
        return model


def _phrases(words: list[str], weights: list[float]) -> list[tuple[str, float]]:
    """Runs of words that each speak for spam, in quotes, with what they weigh together."""
    phrases: list[tuple[str, float]] = []
    run: list[int] = []
    for at in range(len(words) + 1):
        if at < len(words) and weights[at] > 0 and len(run) < _LONGEST_PHRASE:
            run.append(at)
            continue
        if any(
            len(words[one]) > 2 or not words[one].isascii() for one in run
        ):  # `of me` tells nobody anything
            shown = " ".join(_shortened(words[one]) for one in run)
            phrases.append((f'"{shown}"', sum(weights[one] for one in run)))
        run = [at] if at < len(words) and weights[at] > 0 else []
    return phrases


def _shortened(word: str) -> str:
    return word if len(word) <= _LONGEST_WORD else f"{word[: _LONGEST_WORD - 1]}…"
