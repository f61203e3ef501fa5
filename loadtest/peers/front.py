"""nginx before the peers: their files and answers compressed, as ours are, and the owner's pages."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from comments.supervision.processes import tie_to_parent
from loadtest.peers.install import NotInstalled

OWNER: Final = "127.0.0.2"  # another site than 127.0.0.1, where the comments come from
SERVICE: Final = "127.0.0.1"
START_SECONDS: Final = 10.0
CONFIG: Final = """
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    types {{ text/html html; text/css css; application/javascript js; }}
    charset utf-8;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    gzip on;
    gzip_comp_level 9;
    gzip_min_length 200;
    gzip_proxied any;
    gzip_types text/css application/javascript text/javascript application/json;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-Proto http;
    server {{
        listen {owner}:{port};
        root {directory}/pages;
    }}
    server {{
        listen {service}:{port};
        location /isso/ {{ proxy_pass http://127.0.0.1:{isso_port}/; }}
        location /files/ {{
            alias {modules}/;
            add_header Access-Control-Allow-Origin *;
            add_header Cache-Control "public, max-age=86400";
        }}
        location / {{
            add_header Access-Control-Allow-Origin $http_origin always;
            add_header Access-Control-Allow-Headers "content-type,authorization" always;
            add_header Access-Control-Allow-Credentials true always;
            add_header Access-Control-Max-Age 7200 always;
            if ($request_method = OPTIONS) {{ return 204; }}
            proxy_pass http://127.0.0.1:{stub_port};
        }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Front:
    port: int
    pages: Path

    @property
    def owner(self) -> str:
        """The origin of the pages; a page is `<name>.html`."""
        return f"http://{OWNER}:{self.port}"

    @property
    def service(self) -> str:
        """Where the peers' scripts and servers are."""
        return f"http://{SERVICE}:{self.port}"

    def put(self, name: str, html: str) -> str:
        """The page's address."""
        (self.pages / f"{name}.html").write_text(html)
        return f"{self.owner}/{name}.html"


def free_port() -> int:
    """One that is free on both addresses."""
    while True:
        with socket.socket() as owner, socket.socket() as service, contextlib.suppress(OSError):
            owner.bind((OWNER, 0))
            port: int = owner.getsockname()[1]
            service.bind((SERVICE, port))
            return port


@contextlib.contextmanager
def started(
    directory: Path, front: Front, modules: Path, *, isso_port: int, stub_port: int
) -> Iterator[None]:
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise NotInstalled("nginx is missing: apt-get install nginx")
    config = directory / "nginx.conf"
    config.write_text(
        CONFIG.format(
            directory=directory,
            owner=OWNER,
            service=SERVICE,
            port=front.port,
            modules=modules,
            isso_port=isso_port,
            stub_port=stub_port,
        )
    )
    process = subprocess.Popen(
        [program, "-e", str(directory / "error.log"), "-c", str(config)],
        preexec_fn=tie_to_parent(signal.SIGTERM),
    )
    try:
        _wait_until_up(front, process, directory / "error.log")
        yield
    finally:
        process.terminate()
        process.wait()


def _wait_until_up(front: Front, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < give_up_at:
        with contextlib.suppress(OSError), socket.create_connection((OWNER, front.port), timeout=1):
            return
        time.sleep(0.05)
    raise NotInstalled(f"nginx did not start: {log.read_text(errors='replace')[-1_000:]}")
