# ruff: noqa: E402  gevent patches before anything imports socket, ssl or threading
from gevent import monkey

monkey.patch_all()

import logging
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Mapping, Sequence

import gevent

from comments.cells import push_cells
from comments.env import env_int, redis_url
from comments.events.wire import EventEntry
from realtime.formatter import Formatter
from realtime.missed import Missed
from realtime.publisher import Publisher, PublisherToAll
from realtime.publisher_channels import ChannelsPublisher
from realtime.publisher_nchan import NchanPublisher
from realtime.site_counts import SiteCounts
from realtime.stream import EventQueue
from realtime.typists import Typists


def main() -> int:
    """Runs the formatter number KIBITZ_FORMATTER_INDEX until SIGTERM or SIGINT; returns the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        index = env_int("KIBITZ_FORMATTER_INDEX", 0)
        consumer = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        queue = EventQueue(redis_url(), index, consumer)
        channels = ChannelsPublisher(redis_url())
        cells = push_cells()
    except ValueError as error:
        print(f"formatter: {error}", file=sys.stderr)
        return 2
    stop = threading.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(signal_number, stop.set)
    print(f"formatter {index} reads {queue.stream}", flush=True)
    nchan = NchanPublisher(cells, Missed(redis_url())) if cells else None
    publisher = PublisherToAll(channels, nchan) if nchan else channels
    _run(queue, publisher, stop, index)
    if nchan:
        nchan.close()
    queue.close()
    return 0


def _run(queue: EventQueue, publisher: Publisher, stop: threading.Event, index: int) -> None:
    """The formatter, and beside it what is told without a number."""
    typists = Typists(redis_url(), index, publisher)
    counts = SiteCounts(redis_url(), publisher)

    def delivered(events: Sequence[EventEntry], delivery_seconds: Mapping[str, float]) -> None:
        typists.note_delivery(delivery_seconds)
        counts.note(events)

    beside = [threading.Thread(target=each.run, args=(stop,)) for each in (typists, counts)]
    for thread in beside:
        thread.start()
    Formatter(queue, publisher, stop, delivered=delivered).run()
    for thread in beside:
        thread.join()


if __name__ == "__main__":
    sys.exit(main())
