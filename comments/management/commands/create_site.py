"""Makes a site."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from comments.errors import KibitzError
from comments.sites.services import create_site


class Command(BaseCommand):
    help = "Make a site; guests may post on it, and their posts show at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key", help="the public key that goes into the snippet as data-site")
        parser.add_argument(
            "--origin", nargs="+", action="extend", required=True, metavar="URL", dest="origins",
            help="where the comments may be embedded, e.g. https://blog.example.org",
        )  # fmt: skip
        parser.add_argument("--name", default="", help="what people call the site")
        parser.add_argument(
            "--unlimited", action="store_true", help="no posting limits and no automatic hold"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            site = create_site(
                options["key"],
                origins=options["origins"],
                name=options["name"],
                is_unlimited=options["unlimited"],
            )
        except KibitzError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(f"Made the site {site.key} for {', '.join(site.origins)}.")
