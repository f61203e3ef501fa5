"""Learns from examples: regularised logistic regression, and a line that unseen good comments do not reach.

Pure Python: scikit-learn and what it needs would cost every installation 270 MB for seconds of arithmetic a
week, and judge no better (the figures: loadtest/results/2026-11-26-spam.md).
"""

import hashlib
import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from comments.screening.spam.features import Reading, fold, read
from comments.screening.spam.figures import Figures
from comments.screening.spam.model import Model

FEWEST: Final = 20  # different examples of either kind: with fewer, the line would be drawn by chance
# How these were chosen: loadtest/results/2026-11-26-spam.md.
FALSE_POSITIVES: Final = 0.03  # at most, of good examples that were held out: room below the 5 % of the goal
DOUBT: Final = 100  # good examples that bear out half of a line below even odds
COST: Final = 8.0  # of an example on the wrong side, against large weights
FEWEST_TEXTS: Final = 2  # a feature of one example says nothing of another
FEWEST_GROUPS: Final = 2  # and what only one page speaks of is that page's topic
FOLDS: Final = 5
MOST_WEIGHTS: Final = 20_000  # 2 MB in a process that scores
SMALLEST_WEIGHT: Final = 0.005
MOST_PASSES: Final = 40
CLOSE_ENOUGH: Final = 1e-2  # of COST: a pass that moves no example further is the last
_SEED: Final = 6


@dataclass(frozen=True, slots=True)
class Example:
    """A text and a person's verdict on it. What is of one `group` (a page, a file) is alike in its topic."""

    text: str
    is_spam: bool
    group: str = ""


@dataclass(frozen=True, slots=True)
class Training:
    """What came of it. `held_out` is how the different examples were judged by models that had not seen them;
    a little too good, for the line was drawn by them."""

    model: Model
    spam: int
    good: int
    held_out: Figures


class TooFewExamples(Exception):
    """Of spam or of good posts there are not enough to learn from; the message counts them."""


class _Row(NamedTuple):
    """An example's features as places in the list of weights, and their sizes."""

    places: list[int]
    sizes: list[float]


def train(examples: Iterable[Example]) -> Training:
    """A model of these examples; the same for the same examples in the same order. Raises TooFewExamples.

    A thousand short comments take half a second. Nothing of it runs in a process that serves.
    """
    examples = list(examples)
    labels = [example.is_spam for example in examples]
    # Copies of one text are learned from as often as they came, but count once where it is asked how many
    # different ones are known, or would be accused.
    different = list({_wording(example): at for at, example in enumerate(examples)}.values())
    spam = sum(labels[at] for at in different)
    if min(spam, len(different) - spam) < FEWEST:
        raise TooFewExamples(
            f"There are {spam} different examples of spam and {len(different) - spam} of good comments; "
            f"learning needs at least {FEWEST} of each."
        )
    readings = [read(example.text) for example in examples]
    margins = _held_out_margins(examples, readings)
    margins, truth = [margins[at] for at in different], [labels[at] for at in different]
    threshold = draw_line(margins, truth)
    return Training(
        replace(_fit(examples, readings), threshold=threshold),
        spam=sum(labels),
        good=len(labels) - sum(labels),
        held_out=Figures.of([margin >= threshold for margin in margins], truth),
    )


def draw_line(margins: Sequence[float], labels: Sequence[bool]) -> float:
    """The lowest threshold that no more than FALSE_POSITIVES of the good reach, of which there must be one.

    Below even odds (0) it goes only as far as the number of good ones bears it out.
    """
    good = sorted((m for m, is_spam in zip(margins, labels, strict=True) if not is_spam), reverse=True)
    line = good[int(FALSE_POSITIVES * len(good))] + 1e-4
    return round(line if line > 0 else line * len(good) / (len(good) + DOUBT), 4)


def _held_out_margins(examples: list[Example], readings: list[Reading]) -> list[float]:
    """What each example gets from a model that has not seen its fold."""
    folds = _folds(examples)
    margins = [0.0] * len(examples)
    for held_out in sorted(set(folds)):
        learned = [at for at, number in enumerate(folds) if number != held_out]
        model = _fit([examples[at] for at in learned], [readings[at] for at in learned])
        for at, number in enumerate(folds):
            if number == held_out:
                margins[at] = model.margin(readings[at])
    return margins


def _folds(examples: list[Example]) -> list[int]:
    """Which fold holds each example out: its group's, so that the line is drawn by pages that were not seen.
    Where there is one group, or only one kind would be learned: its wording's, so copies are together."""
    places = {group: number for number, group in enumerate(sorted({example.group for example in examples}))}
    folds = [places[example.group] % FOLDS for example in examples]
    kinds = defaultdict(set)
    for example, number in zip(examples, folds, strict=True):
        for other in range(FOLDS):
            if other != number:
                kinds[other].add(example.is_spam)
    if len(places) > 1 and all(len(kinds[number]) == 2 for number in set(folds)):
        return folds
    return [hashlib.blake2b(_wording(example).encode()).digest()[0] % FOLDS for example in examples]


def _wording(example: Example) -> str:
    return " ".join(map(fold, example.text.split())).encode(errors="replace").decode()


def _fit(examples: list[Example], readings: list[Reading]) -> Model:
    """The model with the least |w|²/2 + COST × the sum of logistic losses; its threshold is at even odds."""
    names, rows = _rows(readings, [example.group for example in examples])
    weights = _descend(rows, [1.0 if example.is_spam else -1.0 for example in examples], len(names))
    learned = [
        (name, round(weight, 4))
        for name, weight in zip(names[1:], weights[1:], strict=True)
        if abs(weight) >= SMALLEST_WEIGHT
    ]
    strongest = sorted(learned, key=lambda item: (-abs(item[1]), item[0]))[:MOST_WEIGHTS]
    return Model(dict(sorted(strongest)), bias=round(weights[0], 4), threshold=0.0)


def _rows(readings: list[Reading], groups: list[str]) -> tuple[list[str], list[_Row]]:
    """The names of the features worth learning, by place, and each example in them; place 0 is the bias."""
    values = [reading.values() for reading in readings]
    texts_with = Counter(name for features in values for name in features)
    groups_with: dict[str, set[str]] = defaultdict(set)
    for features, group in zip(values, groups, strict=True):
        for name in features:
            groups_with[name].add(group)
    fewest_groups = min(FEWEST_GROUPS, len(set(groups)))
    names = [""] + [
        name
        for name, count in texts_with.items()
        if count >= FEWEST_TEXTS and len(groups_with[name]) >= fewest_groups
    ]
    places = {name: place for place, name in enumerate(names)}
    rows = []
    for features in values:
        known = {places[name]: value for name, value in features.items() if name in places}
        rows.append(_Row([0, *known], [1.0, *known.values()]))
    return names, rows


def _descend(rows: list[_Row], signs: list[float], count: int) -> list[float]:
    """The weights, by coordinate descent on the dual (Yu, Huang and Lin, Machine Learning 85, 2011): each
    example has a share between 0 and COST, and the weights are the sum of the examples by their shares."""
    shares = [0.01 * COST] * len(rows)
    weights = [0.0] * count
    for row, share, sign in zip(rows, shares, signs, strict=True):
        _add(weights, row, share * sign)
    squares = [math.fsum(size * size for size in row.sizes) for row in rows]
    order = list(range(len(rows)))
    shuffle = random.Random(_SEED).shuffle  # noqa: S311  an order, no secret
    for _ in range(MOST_PASSES):
        shuffle(order)
        furthest = 0.0
        for at in order:
            places, sizes = row = rows[at]
            margin = signs[at] * sum([weights[p] * s for p, s in zip(places, sizes, strict=True)])
            step = _better_share(shares[at], margin, squares[at]) - shares[at]
            furthest = max(furthest, abs(step))
            shares[at] += step
            _add(weights, row, step * signs[at])
        if furthest < CLOSE_ENOUGH * COST:
            break
    return weights


def _add(weights: list[float], row: _Row, times: float) -> None:
    for place, size in zip(row.places, row.sizes, strict=True):
        weights[place] += times * size


def _better_share(share: float, margin: float, square: float) -> float:
    """The share that fits one example best while all others stay: where
    square × (new - share) + margin + log(new / (COST - new)) is 0, by Newton's steps within bounds."""
    low, high, new = 0.0, COST, share
    for _ in range(20):
        slope = square * (new - share) + margin + math.log(new / (COST - new))
        if abs(slope) < 1e-3:
            break
        low, high = (low, new) if slope > 0 else (new, high)
        guess = new - slope / (square + COST / (new * (COST - new)))
        new = guess if low < guess < high else (low + high) / 2
    return min(max(new, 1e-9), COST - 1e-9)
