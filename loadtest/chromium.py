"""Debian's Chromium as our measurements and tests start it: as root, and calling nobody by itself."""

from typing import Final

CHROMIUM: Final = "/usr/bin/chromium"
SWITCHES: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
