"""What the supervisor prints: every process's lines behind its name; never blocks on whoever reads."""

import os
import select
import sys
from typing import Final

NAME_WIDTH: Final = 11  # formatter-1
CHUNK_BYTES: Final = 4096  # PIPE_BUF: poll calls a pipe writable when at least this much fits


class Output:
    """Writes lines to a file descriptor, and drops them while its reader does not read.

    A supervisor that waits for whoever reads its log restarts nothing and stops for nobody. A pipe that
    nobody empties (a script that read up to the banner) takes 64 KB; then lines are dropped, and their
    number told later.
    """

    def __init__(self, descriptor: int = 1) -> None:
        self._descriptor = descriptor
        self._dropped = 0
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)

    def log(self, name: str, line: str) -> None:
        """One line of the process of that name."""
        if self._dropped and self._write(
            f"{'kibitz':<{NAME_WIDTH}} | {self._dropped} lines were dropped: nobody read them\n"
        ):
            self._dropped = 0
        if not self._write(f"{name:<{NAME_WIDTH}} | {line}\n"):
            self._dropped += 1

    def plain(self, text: str) -> None:
        """Text without a name in front."""
        self._write(f"{text}\n")

    def _write(self, text: str) -> bool:
        """False where the whole text or its end could not be written."""
        data = text.encode(errors="replace")
        try:
            while data:
                if not self._poll.poll(0):
                    return False
                data = data[os.write(self._descriptor, data[:CHUNK_BYTES]) :]
        except OSError:  # `./run | head`, a closed terminal, a full disk: no reason to stop serving
            return False
        return True


def banner(*, demo: str, admin: str, password: str | None, manage: str, seconds: float) -> str:
    """What the operator needs to know once everything is up."""
    known = f"as printed at the first start; {manage} changepassword admin sets another"
    return "\n".join(
        [
            "",
            f"  Kibitz is ready ({seconds:.1f} s). Ctrl-C stops it.",
            "",
            f"  Demo page   {demo}",
            f"  Admin       {admin}",
            "  User        admin",
            f"  Password    {password or known}",
            "",
        ]
    )


def complain(text: str) -> None:
    """The one line on stderr that says why nothing runs."""
    print(f"kibitz: {text}", file=sys.stderr, flush=True)
