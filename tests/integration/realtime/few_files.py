"""`realtime.server` in a process that may have 300 files open."""

import resource
import sys

from realtime.server import main

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300))
    sys.exit(main())
