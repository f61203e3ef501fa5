"""Says whether the pipeline's stages add up, and where every unpublished event is."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError

from comments import env
from comments.events.redis_clients import command_client
from comments.monitoring.reconciling import Line, Report, reconcile


class Command(BaseCommand):
    help = "Compare what passed each stage, and find every unpublished event. Status 1: not all is explained."

    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = reconcile(command_client(env.redis_url()))
        except (DatabaseError, InterfaceError) as error:
            raise CommandError(f"The database does not answer: {str(error).strip()}") from error
        except ValueError as error:  # of the environment
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), indent=2))
        else:
            self._tell(report)
        if report.unexplained:
            sys.exit(1)

    def _tell(self, report: Report) -> None:
        if report.began:
            self.stdout.write(
                f"Counters began at {report.began:%Y-%m-%d %H:%M:%S} UTC: Redis was empty then, and the "
                f"database had {report.posts_before} posts and {report.events_before} events."
            )
        elif report.redis:
            self.stdout.write("Counters have no beginning yet: no sweeper has run since Redis was empty.")
        self.stdout.write("")
        for stage in report.stages:
            first, *others = stage.explained or [""]
            self.stdout.write(f"{stage.name:16}{stage.number:>12,}  {first}".rstrip())
            for text in others:
                self.stdout.write(f"{'':30}{text}")
        self.stdout.write(f"\n{report.unpublished} unpublished events.")
        self._tell_lines(report.places)
        if report.unexplained:
            self.stdout.write("\nNot explained:")
            self._tell_lines(report.unexplained)
        else:
            self.stdout.write("\nEverything is explained.")

    def _tell_lines(self, lines: list[Line]) -> None:
        for line in lines:
            ids = ", ".join(map(str, line.event_ids))
            self.stdout.write(f"  {line.text}" + (f"  [{ids}]" if ids else ""))
