"""Push instances by themselves: the shipped configuration, and Nchan with nothing around it."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

from comments.cells import push_secret, signed_path
from comments.supervision import nginx
from loadtest.stack import HOST, StackFailed, free_pair

Kind = Literal["plain", "shipped"]

ORIGIN: Final = "http://127.0.0.1"
START_SECONDS: Final = 10.0
POLL_SECONDS: Final = 0.01

# What Nchan's own documentation begins with; as many workers, and the pools that plain Nchan was best with.
_PLAIN: Final = """load_module {module};
{user}
pid {runtime}/plain.pid;
error_log stderr crit;
worker_processes {workers};
worker_rlimit_nofile {open_files};
events {{ worker_connections {connections}; }}
http {{
    access_log off;
    client_body_temp_path {runtime}/body;
    proxy_temp_path {runtime}/unused;
    fastcgi_temp_path {runtime}/unused;
    uwsgi_temp_path {runtime}/unused;
    scgi_temp_path {runtime}/unused;
    keepalive_requests 1000000000;
    nchan_shared_memory_size 1024m;
    connection_pool_size 256;
    request_pool_size 1k;
    client_header_buffer_size 1k;
    server {{
        listen {listen} reuseport backlog=65535;
        location ~ "^/live/(?<key>[a-z2-7]+)$" {{ nchan_subscriber websocket; nchan_channel_id $key; }}
    }}
    server {{
        listen {publish};
        location ~ "^/pub/(?<key>[a-z2-7]+)$" {{
            nchan_publisher http;
            nchan_channel_id $key;
            nchan_message_buffer_length 1;
            nchan_message_timeout 5s;
        }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class PushNode:
    """One that is up. `publish` is where frames are posted, in nginx's writing."""

    kind: Kind
    pid: int
    listen: str
    publish: str

    def live(self, key: str) -> str:
        """Where readers of the thread connect."""
        path = f"/live/{key}?"
        if self.kind == "shipped":
            path = signed_path(key, now=time.time(), secret=push_secret())
        return f"ws://{self.listen}{path}"


@contextmanager
def push_node(kind: Kind, *, readers: int = nginx.DEFAULT_READERS) -> Iterator[PushNode]:
    """An instance with room for so many readers, ended at the end. Raises StackFailed."""
    with TemporaryDirectory(prefix="kibitz-load-") as name:
        runtime = Path(name)
        runtime.chmod(0o711)  # its workers may be another user
        settings = nginx.PushSettings(
            runtime=runtime,
            listen=f"{HOST}:{free_pair()}",
            publish=f"unix:{runtime}/publish.sock",
            secret=push_secret(),
            origins=(ORIGIN,),
            max_sockets_per_address=0,
            expected_readers=readers,
        )
        config = runtime / "nginx.conf"
        config.write_text(nginx.render_push(settings) if kind == "shipped" else _plain(settings))
        with (runtime / "log").open("wb") as log:
            process = subprocess.Popen(nginx.argv(config), cwd=runtime, stderr=log)
        try:
            give_up_at = time.monotonic() + START_SECONDS
            while not (runtime / "publish.sock").exists():
                if process.poll() is not None or time.monotonic() > give_up_at:
                    raise StackFailed(f"nginx did not start: {(runtime / 'log').read_text(errors='replace')}")
                time.sleep(POLL_SECONDS)
            yield PushNode(kind, process.pid, settings.listen, settings.publish)
        finally:
            process.terminate()
            process.wait()


def _plain(settings: nginx.PushSettings) -> str:
    return _PLAIN.format(
        module=settings.module,
        user=f"user {settings.user};" if settings.user else "",
        runtime=settings.runtime,
        workers=settings.workers,
        open_files=settings.open_files,
        connections=settings.connections,
        listen=settings.listen,
        publish=settings.publish,
    )
