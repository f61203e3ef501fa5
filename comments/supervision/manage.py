"""`./run manage`: manage.py on the database and Redis of the `./run`, or `./run stack`, that is up."""

import os
import sys
from typing import NoReturn

from comments import env
from comments.supervision.output import complain
from comments.supervision.services import MANAGE
from comments.supervision.stack import Stack
from comments.supervision.state import RunDir


def main(arguments: list[str]) -> NoReturn:
    """Becomes manage.py; with `--stack`, on what the running stack uses, whatever the environment says.

    Without it, what the caller's own environment says wins over what the running `./run` uses.
    """
    if arguments[:1] == ["--stack"]:
        shared = RunDir(Stack.state_dir()).environment()
        if not shared:
            complain(f"no {Stack.COMMAND} is up on {Stack.state_dir()}, and its PostgreSQL runs only with it")
            sys.exit(1)
        arguments, environment = arguments[1:], {**os.environ, **shared}
    else:
        # Before the first ./run there is none, and SQLite makes none.
        env.state_dir().mkdir(parents=True, exist_ok=True)
        environment = {**RunDir(env.state_dir()).environment(), **os.environ}
    os.execve(MANAGE[0], [*MANAGE, *arguments], environment)


if __name__ == "__main__":
    main(sys.argv[1:])
