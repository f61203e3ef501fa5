"""`realtime.server`, which gives nobody much time."""

import sys

from realtime.server import main  # first: it installs Twisted's reactor

from realtime import connections  # isort: skip

connections.SILENCE_SECONDS = 0.5  # type: ignore[misc, assignment]
connections.REQUEST_SECONDS = 1.0  # type: ignore[misc, assignment]
connections.IDLE_SECONDS = 0.5  # type: ignore[misc, assignment]

if __name__ == "__main__":
    sys.exit(main())
