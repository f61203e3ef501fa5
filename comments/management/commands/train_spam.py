"""Trains a site's classifier."""

from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from comments.errors import KibitzError
from comments.screening.spam.examples_file import UnreadableExamples, read_examples
from comments.screening.spam.store import save_model
from comments.screening.spam.training import TooFewExamples, train
from comments.screening.spam.verdicts import due_sites, verdicts_of
from comments.sites.services import get_site


class Command(BaseCommand):
    help = (
        "Learn what is spam on a site, from what its moderators called spam and what stayed public, and from "
        "files: CSV with the columns CONTENT and CLASS (1 = spam, 0 = not)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--site", metavar="KEY")
        which.add_argument(
            "--due", action="store_true", help="every site with enough new verdicts since it was trained last"
        )
        parser.add_argument(
            "--file", type=Path, nargs="+", action="extend", default=[], metavar="CSV", dest="files",
            help="more examples; may be given again",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        if options["due"]:
            self._train_due(now)
            return
        try:
            site = get_site(options["site"])
            from_files = [example for path in options["files"] for example in read_examples(path)]
            training = train([*verdicts_of(site, now=now), *from_files])
        except KibitzError as error:
            raise CommandError(error.detail) from error
        except (UnreadableExamples, TooFewExamples) as error:
            raise CommandError(str(error)) from error
        save_model(site, training, now=now)
        held_out = training.held_out
        self.stdout.write(
            f"{site.key} has learned from {training.spam} examples of spam and {training.good} of good "
            f"comments.\nOf those that were kept from it meanwhile, it found {held_out.recall:.0%} "
            f"of the spam, and called {held_out.false_positive_rate:.1%} of the good comments spam."
        )

    def _train_due(self, now: datetime) -> None:
        for site in due_sites():
            try:
                training = train(verdicts_of(site, now=now))
            except TooFewExamples as error:
                self.stdout.write(f"{site.key}: {error}")
                continue
            save_model(site, training, now=now)
            self.stdout.write(f"{site.key} has learned from {training.spam + training.good} comments.")
