"""`./run manage`: manage.py on the database and Redis of the `./run` that is up, if one is."""

import os
import sys

from comments import env
from comments.supervision.services import MANAGE
from comments.supervision.state import RunDir


def main(arguments: list[str]) -> None:
    """Becomes manage.py. What the caller's own environment says wins over what the running `./run` uses."""
    env.state_dir().mkdir(
        parents=True, exist_ok=True
    )  # before the first ./run there is none, and SQLite makes none
    shared = RunDir(env.state_dir()).environment()
    os.execve(MANAGE[0], [*MANAGE, *arguments], {**shared, **os.environ})


if __name__ == "__main__":
    main(sys.argv[1:])
