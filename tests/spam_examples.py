"""Comments of three pages with verdicts, invented for the tests, and the real ones where they are at hand."""

from pathlib import Path

from comments.demo.recordings import recordings_dir
from comments.screening.spam.examples_file import read_examples
from comments.screening.spam.model import Model
from comments.screening.spam.training import Example, train

GARDEN, BICYCLES, BREAD = (
    Path(__file__).parent / "spam" / f"{page}.csv" for page in ("garden", "bicycles", "bread")
)
REAL = sorted(recordings_dir().glob("Youtube0[123]-*.csv"))


def examples_of(*paths: Path) -> list[Example]:
    return [example for path in paths for example in read_examples(path)]


def model_of(*paths: Path) -> Model:
    return train(examples_of(*paths)).model
