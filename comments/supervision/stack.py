"""`./run stack`: the production shape on one machine."""

import dataclasses
import json
import pwd
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from signal import SIGTERM
from typing import Final

from comments import cells, env
from comments.supervision import nginx, postgres, services
from comments.supervision.api_server import api_service
from comments.supervision.probes import http_question, nginx_question
from comments.supervision.processes import Service
from comments.supervision.services import HOST
from comments.supervision.state import RunDir, make_private
from comments.supervision.supervisor import Stage


class Stack:
    """Its processes, and what they find in their environment; `resources` holds what they need meanwhile.

    The front listens on `port`, the push instance on the next. Everything else is on Unix sockets: in one
    directory those of PostgreSQL, in one what nginx's workers use, beside them Redis's, for nobody but us.
    """

    COMMAND: Final = "./run stack"
    MANAGE: Final = "./run manage --stack"
    DEFAULT_PORT: Final = 8080
    PORTS: Final = 2

    def __init__(self, run_dir: RunDir, port: int, resources: ExitStack) -> None:
        self._resources = resources
        self._state_dir = run_dir.state_dir
        self._front, self._push = (HOST, port), (HOST, port + 1)
        self._formatters = env.formatter_count()
        self._daphnes = env.env_int("KIBITZ_DAPHNES", 1, minimum=1)
        self._api_workers = env.env_int("KIBITZ_API_WORKERS", nginx.cores(), minimum=1)
        longest = f"postgres/{postgres.SOCKET}"
        sockets = resources.enter_context(run_dir.socket_directory(longest, for_others=True))
        self._redis_socket = sockets / "redis.sock"
        self._postgres_sockets = sockets / "postgres"
        self._nginx_files = sockets / "nginx"
        self._cluster = postgres.Cluster(self._state_dir / "postgres", self._postgres_sockets)
        self.environment = {
            "DATABASE_URL": self._cluster.url,
            "REDIS_URL": services.redis_url(self._redis_socket),
            "KIBITZ_BEHIND_PROXY": "1",
            cells.VARIABLE: env.env_str(cells.VARIABLE) or self._one_cell(),
        }

    @staticmethod
    def state_dir() -> Path:
        return env.state_dir() / "stack"

    @staticmethod
    def missing_programs() -> list[str]:
        """What is not installed, each with its package."""
        required: list[Callable[[], object]] = [postgres.programs, nginx.nginx_program, nginx.nchan_module]
        missing = []
        for find in required:
            try:
                find()
            except FileNotFoundError as error:
                missing.append(str(error))
        return missing

    def stages(self) -> Iterator[Stage]:
        shutil.rmtree(self._nginx_files, ignore_errors=True)  # its cache would be as old as the last stop
        make_private(self._postgres_sockets, postgres.account())
        worker = nginx.worker_user()
        group = pwd.getpwnam(worker).pw_gid if worker else None
        make_private(self._nginx_files, None, group=group)
        if not self._cluster.is_made:
            yield [self._cluster.making()]
        yield [
            self._resources.enter_context(self._cluster.service()),
            services.debian_redis(self._redis_socket, self._state_dir / "redis"),
            self._push_service(),
        ]
        yield [services.prepare()]
        # When all stops, what the API took last still goes through these, and from them to the push node.
        yield [*services.formatters(self._formatters), services.sweeper()]
        yield [self._api(), *(services.daphne(number, path) for number, path in self._daphne_sockets())]
        yield [self._front_service()]

    def _one_cell(self) -> str:
        node = {"public": f"http://{HOST}:{self._push[1]}", "publish": f"unix:{self._publish_socket}"}
        return json.dumps({"main": {"sites": [cells.EVERY_OTHER_SITE], "nodes": [node]}})

    @property
    def _api_socket(self) -> Path:
        return self._nginx_files / "api.sock"

    @property
    def _publish_socket(self) -> Path:
        return self._nginx_files / "publish.sock"

    def _daphne_sockets(self) -> list[tuple[int, Path]]:
        numbers = range(1, self._daphnes + 1)
        return [(number, self._nginx_files / f"daphne-{number}.sock") for number in numbers]

    def _api(self) -> Service:
        question = http_question(self._api_socket)
        return dataclasses.replace(
            api_service(self._api_socket, self._api_workers, ready=question.is_answered_well),
            question=question,
            clear_away=lambda: self._api_socket.unlink(missing_ok=True),
            umask=0o007,  # nginx's group must be able to write to the socket
        )

    def _front_service(self) -> Service:
        settings = nginx.FrontSettings(
            runtime=self._nginx_files,
            listen=f"{HOST}:{self._front[1]}",
            api=f"unix:{self._api_socket}",
            live=tuple(f"unix:{path}" for _, path in self._daphne_sockets()),
        )
        return self._nginx("front", nginx.render_front(settings), self._front)

    def _push_service(self) -> Service:
        port = self._front[1]
        own = {
            env.env_str("KIBITZ_PUBLIC_URL").rstrip("/"),
            f"http://{HOST}:{port}",
            f"http://localhost:{port}",
        }
        settings = nginx.PushSettings(
            runtime=self._nginx_files,
            listen=f"{HOST}:{self._push[1]}",
            publish=f"unix:{self._publish_socket}",
            secret=cells.push_secret(),
            origins=(*sorted(own - {""}), *env.env_list("KIBITZ_PUSH_ORIGINS")),
            max_sockets_per_address=env.max_sockets_per_address(),
            expected_readers=env.env_int("KIBITZ_PUSH_READERS", nginx.DEFAULT_READERS, minimum=1),
        )
        return self._nginx("push", nginx.render_push(settings), self._push)

    def _nginx(self, name: str, config: str, address: tuple[str, int]) -> Service:
        path = self._state_dir / "nginx" / f"{name}.conf"
        path.parent.mkdir(mode=0o700, exist_ok=True)  # push.conf holds the secret of the live addresses
        path.write_text(config)
        return Service(
            name=name,
            argv=nginx.argv(path),
            ready=http_question(address).is_answered_well,
            question=nginx_question(address),  # of one of its workers: that another hangs goes unnoticed
            # Nchan gives each channel to one worker. A new one in its place knows nobody who listens at the
            # others, and they hear no more of its channels, for as long as they stay.
            falls_with_a_worker=name == "push",
            clear_away=lambda: self._publish_socket.unlink(missing_ok=True) if name == "push" else None,
            death_signal=SIGTERM,
            own_group=True,
            # A line for each request while the API is away; the supervisor has said that it is.
            noise=") while connecting to upstream",
        )
