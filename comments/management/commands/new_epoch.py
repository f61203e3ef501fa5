"""Makes every reader begin anew, after the database was restored from a backup."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from comments.sites.models import Site
from comments.threads.services import begin_new_epoch


class Command(BaseCommand):
    help = (
        "Give every thread another epoch, so that readers take a new snapshot. To be run after a backup was "
        "restored: browsers may show comments that the database no longer knows."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--site", metavar="KEY", help="only this site's threads (default: all)")

    def handle(self, *args: Any, **options: Any) -> None:
        site = None
        if options["site"] is not None:
            site = Site.objects.filter(key=options["site"]).first()
            if site is None:
                raise CommandError(f"There is no site {options['site']!r}.")
        epoch = secrets.token_hex(5)
        threads = begin_new_epoch(epoch, site, now=timezone.now())
        self.stdout.write(f"{threads} thread{' is' if threads == 1 else 's are'} in epoch {epoch} now.")
