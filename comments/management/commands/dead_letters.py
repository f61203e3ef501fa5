"""Shows, and replays, what could not be published."""

from argparse import ArgumentParser
from typing import Any

import redis
from django.core.management.base import BaseCommand, CommandError

from comments import env
from comments.events.dead_letters import list_dead, replay_dead
from comments.events.redis_clients import command_client


class Command(BaseCommand):
    help = "List the entries that no delivery could publish; --replay queues them again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--replay", action="store_true", help="queue them again")

    def handle(self, *args: Any, **options: Any) -> None:
        client = command_client(env.redis_url())
        try:
            if options["replay"]:
                replayed, kept = replay_dead(client)
                self.stdout.write(f"Replayed {replayed}; kept {kept} that no Kibitz wrote.")
                return
            letters = list_dead(client)
            for letter in letters:
                key, seq = letter.fields.get("key", "?"), letter.fields.get("seq", "-")
                self.stdout.write(f"{letter.id}  {key} {seq}  {letter.fields.get('reason', '?')}")
            self.stdout.write(f"{len(letters)} dead letter{'' if len(letters) == 1 else 's'}.")
        except redis.RedisError as error:
            raise CommandError(f"Redis does not answer: {error}") from error
