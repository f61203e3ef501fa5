"""What a model says of a text, and how it is kept."""

import functools
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments.screening.spam.model import Model, UnusableModel
from tests.spam_examples import BICYCLES, GARDEN, model_of


@functools.cache
def trained() -> Model:
    return model_of(GARDEN, BICYCLES)


def told(text: str) -> str:
    return trained().assess(text).told()


def test_an_explanation_quotes_the_words_and_names_the_rest() -> None:
    explained = told("Nice. CHECK OUT MY CHANNEL http://cheap.example.xyz/a")

    assert explained.startswith("99 % like spam: ")
    assert '"CHECK OUT MY CHANNEL' in explained
    assert ", link" in explained


def test_the_strongest_reason_comes_first_and_all_speak_for_spam() -> None:
    reasons = trained().explain("Thanks for the recipe, please subscribe to my channel, free gift cards here")

    weights = [reason.weight for reason in reasons]
    assert weights == sorted(weights, reverse=True)
    assert all(weight > 0 for weight in weights)
    assert len(reasons) <= 3


def test_a_good_comment_is_far_from_spam() -> None:
    assert trained().score("The slugs ate all of the lettuce again.") < 0.2


def test_a_percent_is_never_a_hundred() -> None:
    assert trained().assess("SUBSCRIBE, check out my channel! http://bit.ly/x free money " * 5).percent == 99


def test_a_model_of_nothing_is_undecided() -> None:
    assert Model({}, bias=0.0, threshold=0.0).assess("anything").told() == "50 % like spam"


def test_long_words_are_cut_in_an_explanation() -> None:
    assert all(
        len(reason.words) < 1_000
        for reason in trained().explain("http://" + "a" * 1_900 + " " + "free " * 300)
    )


@given(st.text(max_size=300))
def test_any_text_has_a_score_from_0_to_1_and_an_explanation(text: str) -> None:
    assessment = trained().assess(text)

    assert 0.0 <= assessment.score <= 1.0
    assert assessment.score == trained().score(text)
    assert (assessment.score >= 0.5) == trained().is_spam(text)
    assert assessment.reasons == trained().explain(text)
    assert assessment.told()


@given(st.dictionaries(st.text(), st.floats(-1e300, 1e300)), st.floats(-1e300, 1e300), st.text(max_size=50))
def test_no_weights_break_a_score(weights: dict[str, float], bias: float, text: str) -> None:
    assert 0.0 <= Model(weights, bias, threshold=0.0).score(text) <= 1.0


@pytest.mark.parametrize(
    "part",
    ["a", "a.", "a-", "a . ", "my ", "check ", "i make ", "@", "a@", "http://", "&amp;", "a'", "\ufdfa", "ก",
     "give it out at to up ", "i am ", "$ ", "\u0301", "www.", "my 's ", "<", "x (dot) ", "0 0 "],
)  # fmt: skip
def test_no_text_takes_long(part: str) -> None:
    """A text as long as Kibitz takes it; patterns that explode would need minutes."""
    text = (part * 10_000)[:10_000]

    assert 0 <= trained().assess(text).percent < 100


def test_what_was_kept_is_the_same_model() -> None:
    model = trained()

    assert Model.from_bytes(model.to_bytes(), threshold=model.threshold) == model
    assert len(model.to_bytes()) < 50_000


def packed(kept: object) -> bytes:
    return zlib.compress(json.dumps(kept).encode())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 100,
        trained().to_bytes()[:-20],
        zlib.compress(b"\xff"),
        zlib.compress(b"[" * 100_000),
        zlib.compress(b" " * 100_000_000),
        packed([]),
        packed({"bias": 0.0}),
        packed({"bias": 0.0, "weights": []}),
        packed({"bias": None, "weights": {}}),
        packed({"bias": 0.0, "weights": {"a": float("nan")}}),
        packed({"bias": 0.0, "weights": {"a": "b"}}),
    ],
    ids=range(12),
)
def test_what_is_no_model_is_refused(data: bytes) -> None:
    with pytest.raises(UnusableModel):
        Model.from_bytes(data, threshold=0.0)
