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

import gevent

from comments.cells import push_cells
from comments.env import env_int, redis_url
from realtime.formatter import Formatter
from realtime.missed import Missed
from realtime.publisher import PublisherToAll
from realtime.publisher_channels import ChannelsPublisher
from realtime.publisher_nchan import NchanPublisher
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
    typists = Typists(redis_url(), index, publisher)
    beside = threading.Thread(target=typists.run, args=(stop,), name="typists")
    beside.start()
    Formatter(queue, publisher, stop, delivered=lambda events, seconds: typists.note_delivery(seconds)).run()
    beside.join()
    if nchan:
        nchan.close()
    queue.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
