"""`./run`: everything on one address, in the fewest processes."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from comments import env
from comments.supervision import services
from comments.supervision.state import RunDir
from comments.supervision.supervisor import Stage


class Single:
    """Its processes, and what they find in their environment; `resources` holds what they need meanwhile."""

    COMMAND: Final = "./run"
    MANAGE: Final = "./run manage"
    DEFAULT_PORT: Final = 8000
    PORTS: Final = 1

    def __init__(self, run_dir: RunDir, port: int, resources: ExitStack) -> None:
        self._port = port
        self._formatters = env.formatter_count()
        self._redis: Stage = []
        redis_url = env.env_str("REDIS_URL")
        if not redis_url:
            socket_path = resources.enter_context(run_dir.socket_directory("valkey.sock")) / "valkey.sock"
            redis_url = services.redis_url(socket_path)
            self._redis = [services.embedded_redis(socket_path, run_dir.state_dir / "valkey")]
        self.environment = {"REDIS_URL": redis_url}

    @staticmethod
    def state_dir() -> Path:
        return env.state_dir()

    @staticmethod
    def missing_programs() -> list[str]:
        return []

    def stages(self) -> Iterator[Stage]:
        yield self._redis
        yield [services.prepare()]
        yield [services.web(self._port), *services.formatters(self._formatters), services.sweeper()]
