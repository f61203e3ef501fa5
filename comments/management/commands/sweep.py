"""Runs the sweeper, and what asks servers on the network (checks, members' pictures), until it is told to
stop."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from comments import env
from comments.events.redis_clients import command_client
from comments.events.sweeper import Sweeper
from comments.moderation.checking import Checker
from comments.moderation.chores import Chores
from comments.monitoring.watch import Watch
from comments.signin.fetching import PictureFetcher


class Command(BaseCommand):
    help = (
        "Repeat events that the queue lost, mark those that were published, have posts checked by the "
        "services that sites ask, fetch members' pictures, close old threads and forget what is kept for a "
        "while only. Runs until SIGTERM."
    )

    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        client = command_client(env.redis_url())
        # A daemon: what it waits for elsewhere must not hold up the end of this process.
        threading.Thread(target=Checker().run, args=[stopping], name="checks", daemon=True).start()
        threading.Thread(target=PictureFetcher().run, args=[stopping], name="pictures", daemon=True).start()
        watch, chores = Watch(client), Chores()

        def each_round() -> None:
            watch()
            chores()

        Sweeper(client, watch=each_round).run(stopping)
