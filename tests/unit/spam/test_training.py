"""Learning what is spam: what it finds on pages that it has not seen, and what it refuses to learn from."""

import itertools
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments.env import BASE_DIR
from comments.screening.spam.figures import Figures
from comments.screening.spam.training import (
    DOUBT,
    FALSE_POSITIVES,
    FEWEST,
    Example,
    TooFewExamples,
    draw_line,
    train,
)
from tests.spam_examples import BICYCLES, BREAD, GARDEN, REAL, examples_of, model_of


def pages_held_out() -> list[tuple[list[Path], Path, float]]:
    """Each real file with the others to learn from, and how much of the good may be accused. A checkout
    without them has invented ones, of which one of fifteen is more."""
    held_out = [([other for other in REAL if other != path], path, 0.05) for path in REAL]
    return held_out or [([GARDEN, BICYCLES], BREAD, 0.07)]


def figures(learned: list[Path], judged: Path) -> Figures:
    model, examples = model_of(*learned), examples_of(judged)
    return Figures.of(
        [model.is_spam(example.text) for example in examples], [example.is_spam for example in examples]
    )


@pytest.mark.parametrize(("learned", "judged", "accused"), pages_held_out())
def test_on_a_page_that_was_not_seen_it_reaches_the_goal(
    learned: list[Path], judged: Path, accused: float
) -> None:
    found = figures(learned, judged)

    assert found.accuracy is not None
    assert found.accuracy >= 0.92
    assert found.false_positive_rate is not None
    assert found.false_positive_rate <= accused


def test_on_an_invented_page_that_was_not_seen_it_finds_the_spam() -> None:
    found = figures([GARDEN, BICYCLES], BREAD)

    assert found.spam_missed == 0
    assert found.good_accused <= 1  # of 15, after a hundred examples


def test_the_same_examples_make_the_same_model() -> None:
    first, second = (model_of(GARDEN, BICYCLES) for _ in range(2))

    assert (first.to_bytes(), first.threshold) == (second.to_bytes(), second.threshold)


def test_another_process_makes_the_same_model() -> None:
    """Python's own hashes differ from process to process."""
    code = (
        "import hashlib; from tests.spam_examples import GARDEN, BICYCLES, model_of; "
        "model = model_of(GARDEN, BICYCLES); "
        "print(hashlib.sha256(model.to_bytes()).hexdigest(), model.threshold)"
    )

    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=BASE_DIR,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(printed) == 1


def test_scoring_needs_no_numeric_library() -> None:
    code = (
        "import sys, comments.screening.spam.training; "
        "print({'numpy', 'scipy', 'sklearn', 'django'} & set(sys.modules))"
    )

    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=BASE_DIR, capture_output=True, text=True, check=True
    ).stdout

    assert printed.strip() == "set()"


def test_it_learns_in_any_language() -> None:
    good = ["خبز لذيذ جدا", "شكرا على الوصفة", "هل يمكن تجميده", "الصورة جميلة"]
    spam = ["اشترك في قناتي", "اربح المال من البيت", "زوروا موقعي الآن", "اضغط على الرابط"]
    words = ["الخبز", "الدقيق", "الماء", "الملح", "الفرن", "اليوم", "غدا", "هنا", "بيتنا", "المطبخ"]
    examples = [
        Example(f"{text} {word}", is_spam)
        for texts, is_spam in ((good, False), (spam, True))
        for text, word in itertools.product(texts, words)
    ]

    model = train(examples).model

    assert model.is_spam("من فضلك اشترك في قناتي")
    assert not model.is_spam("شكرا على الوصفة الرائعة")


@pytest.mark.parametrize(("spam", "good"), [(FEWEST - 1, 100), (100, FEWEST - 1), (0, 0), (0, 100)])
def test_too_few_examples_are_counted_and_refused(spam: int, good: int) -> None:
    examples = [Example(f"buy {number * 'x'}", True) for number in range(spam)]
    examples += [Example(f"thanks {number * 'y'}", False) for number in range(good)]

    with pytest.raises(TooFewExamples, match="learning needs at least 20 of each"):
        train(examples)


def test_copies_of_one_text_are_one_example() -> None:
    examples = [Example("Buy  this", True)] * 500 + [Example("buy this", True)] * 500
    examples += [example for example in examples_of(GARDEN, BICYCLES) if not example.is_spam]

    with pytest.raises(TooFewExamples, match="There are 1 different examples of spam and 52 of good"):
        train(examples)


def test_texts_that_say_nothing_teach_nothing() -> None:
    """As many of either kind, and no word tells them apart: nobody is called a spammer for sure."""
    random_word = random.Random(1)
    examples = [
        Example(" ".join(random_word.choices("abcdefghij", k=6)), is_spam)
        for _ in range(60)
        for is_spam in (True, False)
    ]

    training = train(examples)

    assert training.held_out.false_positive_rate is not None
    assert training.held_out.false_positive_rate <= 0.2


@pytest.mark.parametrize("copies", [1, 3])
def test_examples_of_many_pages_are_held_out_by_page(copies: int) -> None:
    """Even where a page has one kind alone, or all of one kind lie on one page."""
    examples = [
        Example(example.text + " " + "x" * copy, example.is_spam, "spam" if example.is_spam else f"page {at}")
        for copy in range(copies)
        for at, example in enumerate(examples_of(GARDEN, BICYCLES))
    ]

    training = train(examples)

    assert training.held_out.examples == len(examples)


@given(
    st.lists(st.tuples(st.floats(-50, 50), st.booleans()), min_size=1).filter(
        lambda pairs: any(not is_spam for _, is_spam in pairs)
    )
)
def test_no_more_good_ones_than_allowed_reach_a_line_above_even_odds(pairs: list[tuple[float, bool]]) -> None:
    good = [margin for margin, is_spam in pairs if not is_spam]

    line = draw_line([margin for margin, _ in pairs], [is_spam for _, is_spam in pairs])

    if line > 0:
        assert sum(margin >= line for margin in good) <= FALSE_POSITIVES * len(good)


def test_a_line_below_even_odds_needs_many_good_examples() -> None:
    few, many = (draw_line([-2.0] * count, [False] * count) for count in (DOUBT, 100 * DOUBT))

    assert few == pytest.approx(-1.0, abs=0.01)
    assert many == pytest.approx(-2.0, abs=0.05)


def test_figures_are_what_they_are_called() -> None:
    figures = Figures.of([True, True, True, False, False], [True, True, False, True, False])

    assert figures == Figures(spam_found=2, spam_missed=1, good_accused=1, good_left=1)
    assert figures.accuracy == 3 / 5
    assert (figures.precision, figures.recall, figures.false_positive_rate) == (2 / 3, 2 / 3, 1 / 2)


def test_of_nothing_there_are_no_figures() -> None:
    figures = Figures.of([], [])

    assert {figures.accuracy, figures.precision, figures.recall, figures.false_positive_rate} == {None}
