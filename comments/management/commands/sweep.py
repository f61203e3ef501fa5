"""Runs the sweeper, and what asks servers on the network (checks, mail, members' pictures), until it is told
to stop."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from comments import env
from comments.accounts.chores import AccountChores
from comments.events.redis_clients import command_client
from comments.events.sweeper import Sweeper
from comments.mail.worker import Postman
from comments.moderation.checking import Checker
from comments.moderation.chores import Chores
from comments.monitoring.watch import Watch
from comments.signin.fetching import PictureFetcher


class Command(BaseCommand):
    help = (
        "Repeat events that the queue lost, mark those that were published, have posts checked by the "
        "services that sites ask, send mail, fetch members' pictures, close old threads and forget what is "
        "kept for a while only. Runs until SIGTERM."
    )

    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        client = command_client(env.redis_url())
        workers = (("checks", Checker().run), ("mail", Postman().run), ("pictures", PictureFetcher().run))
        for name, work in workers:
            # Daemons: what they wait for elsewhere must not hold up the end of this process.
            threading.Thread(target=work, args=[stopping], name=name, daemon=True).start()
        watch, chores, account_chores = Watch(client), Chores(), AccountChores()

        def each_round() -> None:
            watch()
            chores()
            account_chores()

        Sweeper(client, watch=each_round).run(stopping)
