"""Lets somebody in again who lost their second factor."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from comments.accounts.second_factor import remove_second_factor
from comments.audit.services import Gesture


class Command(BaseCommand):
    help = "Remove an account's second factor and recovery codes, and end its sessions; the password stays."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="the account's name")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is no account {options['user']!r}.")
        gesture = Gesture(None, timezone.now(), "reset_second_factor")
        if not remove_second_factor(user, gesture):
            raise CommandError(f"{user} has no second factor.")
        self.stdout.write(f"Removed the second factor of {user}, and ended their sessions.")
