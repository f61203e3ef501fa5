"""Says how well the classifier does on comments that it has not seen."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from comments.screening.spam.examples_file import UnreadableExamples, read_examples
from comments.screening.spam.figures import Figures
from comments.screening.spam.training import Example, TooFewExamples, train

RATIOS = ("accuracy", "precision", "recall", "false_positive_rate")


class Command(BaseCommand):
    help = (
        "Learn what spam is from some files of comments, and judge others. A file is CSV with the columns "
        "CONTENT and CLASS (1 = spam, 0 = not)."
    )

    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        for name, meaning in (("train", "to learn from"), ("test", "to judge")):
            parser.add_argument(
                f"--{name}", type=Path, nargs="+", action="extend", required=True, metavar="CSV",
                help=f"{meaning}; may be given again",
            )  # fmt: skip
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        for path in {path.resolve() for path in options["train"]} & {
            path.resolve() for path in options["test"]
        }:
            self.stderr.write(
                f"{path} is learned from and judged: its figures are no promise for other comments."
            )
        try:
            training = train(read_all(options["train"]))
            tests = read_all(options["test"])
        except (UnreadableExamples, TooFewExamples) as error:
            raise CommandError(str(error)) from error
        figures = Figures.of(
            [training.model.is_spam(example.text) for example in tests],
            [example.is_spam for example in tests],
        )
        if options["json"]:
            ratios = {name: getattr(figures, name) for name in RATIOS}
            learned = {"train_spam": training.spam, "train_good": training.good}
            self.stdout.write(json.dumps(ratios | figures._asdict() | learned, indent=2))
            return
        self.stdout.write(
            f"Learned from {training.spam + training.good} comments, {training.spam} of them spam; "
            f"judged {figures.examples}, {figures.spam_found + figures.spam_missed} of them spam."
        )
        for name in RATIOS:
            ratio = getattr(figures, name)
            self.stdout.write(f"{name:20}{'-' if ratio is None else f'{ratio:.4f}'}")


def read_all(paths: list[Path]) -> list[Example]:
    """The examples of all the files. Raises UnreadableExamples."""
    return [example for path in paths for example in read_examples(path)]
