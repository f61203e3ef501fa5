"""`realtime.server`, which gives nobody much time."""

import sys

from realtime.server import main  # first: it installs Twisted's reactor

from realtime import requests  # isort: skip

requests.SILENCE_SECONDS = 0.5  # type: ignore[misc]
requests.REQUEST_SECONDS = 1.0  # type: ignore[misc]
requests.IDLE_SECONDS = 0.5  # type: ignore[misc]

if __name__ == "__main__":
    sys.exit(main())
