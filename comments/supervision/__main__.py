"""`./run`: everything on one machine, as one foreground process group. Needs no Django."""

import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import Mapping
from typing import Final

from comments import env
from comments.supervision import services
from comments.supervision.output import Output, banner, complain
from comments.supervision.state import AlreadyRunning, RunDir
from comments.supervision.supervisor import OWN_NAME, Stage, StartFailed, StopRequested, Supervisor

PORT_RETRY_SECONDS: Final = 1.0  # a killed predecessor's web process may hold the port a moment longer


class Unusable(Exception):
    """The environment asks for something impossible; the text says what."""


def main(arguments: list[str]) -> int:
    """Runs until a stop signal, and then answers 0: a signal is how this command is meant to end.

    Any other status says that something went wrong. With 130 and 143 every Ctrl-C would look like a
    failure to `set -e` and to service managers.
    """
    started_at = time.monotonic()
    try:
        if arguments:
            raise Unusable(
                f"unexpected argument {arguments[0]!r}; ./run takes none, ./run help lists the verbs"
            )
        port = _port()
        formatters = env.formatter_count()
        run_dir = RunDir(env.state_dir())
        with run_dir.held(f"pid {os.getpid()}, http://{services.HOST}:{port}"):
            _require_free(port)
            return _run(run_dir, port=port, formatters=formatters, started_at=started_at)
    except AlreadyRunning as running:
        complain(f"a ./run is already up on {env.state_dir()} ({running})")
    except (Unusable, StartFailed, ValueError, OSError) as error:
        complain(str(error))
    except KeyboardInterrupt:  # before anything had started
        return 0
    return 1


def _run(run_dir: RunDir, *, port: int, formatters: int, started_at: float) -> int:
    output = Output()
    with contextlib.ExitStack() as stack:
        supervisor = stack.enter_context(Supervisor(log=output.log, run_dir=run_dir.path))
        stages: list[Stage] = []
        redis_url = env.env_str("REDIS_URL")
        if not redis_url:
            socket_path = stack.enter_context(run_dir.socket_path("valkey.sock"))
            data_dir = run_dir.path.parent / "valkey"
            data_dir.mkdir(exist_ok=True)
            redis_url = services.valkey_url(socket_path)
            stages.append([services.valkey(socket_path, data_dir)])
        stages += [[services.prepare()], services.serving(port, formatters)]
        _share_environment(run_dir, {"REDIS_URL": redis_url, "PORT": str(port)})
        try:
            for stage in stages:
                supervisor.start(stage)
            output.plain(_banner(supervisor.result("prepare"), seconds=time.monotonic() - started_at))
            supervisor.watch()
        except StopRequested:
            pass
        finally:
            output.log(OWN_NAME, "stopping")
            supervisor.stop()
    return 0


def _share_environment(run_dir: RunDir, own: Mapping[str, str]) -> None:
    """Sets what the children and `./run manage` must agree on, relative paths made absolute."""
    os.environ.update(own)
    os.environ["KIBITZ_STATE_DIR"] = str(run_dir.path.parent)
    os.environ["PYTHONUNBUFFERED"] = "1"  # a line must be seen when it is written, not when a buffer is full
    run_dir.write_environment(os.environ)


def _banner(prepared: str, *, seconds: float) -> str:
    try:
        result = json.loads(prepared)
        return banner(
            demo=result["demo"], admin=result["admin"], password=result["password"], seconds=seconds
        )
    except (ValueError, KeyError, TypeError):
        raise StartFailed(f"prepare did not say what it made, but {prepared!r}") from None


def _port() -> int:
    raw = env.env_str("PORT", "8000")
    if not raw.isascii() or not raw.isdigit() or not 1 <= int(raw) <= 65535:
        raise Unusable(f"PORT must be a number from 1 to 65535, not {raw!r}")
    return int(raw)


def _require_free(port: int) -> None:
    """Raises Unusable where the port cannot be listened on, before anything has started."""
    give_up_at = time.monotonic() + PORT_RETRY_SECONDS
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the web process does
            try:
                probe.bind((services.HOST, port))
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
