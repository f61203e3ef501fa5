"""`./run` and `./run stack`: everything on one machine, under one supervisor. Needs no Django."""

import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import Mapping
from typing import Final

from comments import env
from comments.supervision.output import Output, banner, complain
from comments.supervision.services import HOST
from comments.supervision.single import Single
from comments.supervision.stack import Stack
from comments.supervision.state import AlreadyRunning, RunDir
from comments.supervision.supervisor import OWN_NAME, StartFailed, StopRequested, Supervisor

PORT_RETRY_SECONDS: Final = 1.0  # a killed predecessor's web process may hold the port a moment longer

Shape = Single | Stack


class Unusable(Exception):
    """The environment asks for something impossible; the text says what."""


def main(arguments: list[str]) -> int:
    """Runs until a stop signal, and then answers 0: a signal is how this command is meant to end.

    Any other status says that something went wrong. With 130 and 143 every Ctrl-C would look like a
    failure to `set -e` and to service managers.
    """
    started_at = time.monotonic()
    kind = Stack if arguments[:1] == ["stack"] else Single
    try:
        if unexpected := arguments[1 if kind is Stack else 0 :]:
            raise Unusable(
                f"unexpected argument {unexpected[0]!r}; {kind.COMMAND} takes none; see ./run help"
            )
        port = _port(kind)
        if missing := kind.missing_programs():
            raise Unusable("; ".join(missing))
        run_dir = RunDir(kind.state_dir())
        with run_dir.held(f"pid {os.getpid()}, http://{HOST}:{port}"):
            for needed in range(port, port + kind.PORTS):
                _require_free(needed)
            return _run(kind, run_dir, port, started_at=started_at)
    except AlreadyRunning as running:
        complain(f"a {kind.COMMAND} is already up on {kind.state_dir()} ({running})")
    except (Unusable, StartFailed, ValueError, OSError) as error:
        complain(str(error))
    except KeyboardInterrupt:  # before anything had started
        return 0
    return 1


def _run(kind: type[Shape], run_dir: RunDir, port: int, *, started_at: float) -> int:
    output = Output()
    with contextlib.ExitStack() as resources:
        supervisor = resources.enter_context(Supervisor(log=output.log, run_dir=run_dir.path))
        os.environ |= {"KIBITZ_STATE_DIR": str(run_dir.state_dir), "PORT": str(port)}
        shape = kind(run_dir, port, resources)
        _share_environment(run_dir, shape.environment)
        try:
            for stage in shape.stages():
                supervisor.start(stage)
            prepared = supervisor.result("prepare")
            output.plain(_banner(prepared, kind.MANAGE, seconds=time.monotonic() - started_at))
            supervisor.watch()
        except StopRequested:
            pass
        finally:
            output.log(OWN_NAME, "stopping")
            supervisor.stop()
    return 0


def _share_environment(run_dir: RunDir, own: Mapping[str, str]) -> None:
    """Sets what the children and `./run manage` must agree on."""
    os.environ.update(own)
    os.environ["PYTHONUNBUFFERED"] = "1"  # a line must be seen when it is written, not when a buffer is full
    run_dir.write_environment(os.environ)


def _banner(prepared: str, manage: str, *, seconds: float) -> str:
    try:
        result = json.loads(prepared)
        return banner(
            demo=result["demo"],
            admin=result["admin"],
            password=result["password"],
            manage=manage,
            seconds=seconds,
        )
    except (ValueError, KeyError, TypeError):
        raise StartFailed(f"prepare did not say what it made, but {prepared!r}") from None


def _port(kind: type[Shape]) -> int:
    raw = env.env_str("PORT", str(kind.DEFAULT_PORT))
    highest = 65536 - kind.PORTS
    if not raw.isascii() or not raw.isdigit() or not 1 <= int(raw) <= highest:
        raise Unusable(f"PORT must be a number from 1 to {highest}, not {raw!r}")
    return int(raw)


def _require_free(port: int) -> None:
    """Raises Unusable where the port cannot be listened on, before anything has started."""
    give_up_at = time.monotonic() + PORT_RETRY_SECONDS
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the web process does
            try:
                probe.bind((HOST, port))
                probe.listen()
                return
            except PermissionError:
                raise Unusable(f"port {port} needs root; set PORT to another, above 1023") from None
            except OSError as error:
                if time.monotonic() > give_up_at:
                    raise Unusable(
                        f"port {port} cannot be used ({error.strerror}); set PORT to another"
                    ) from None
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
