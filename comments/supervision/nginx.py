"""The configurations of both nginx instances, from the templates in `nginx/`.

`python -m comments.supervision.nginx front|push` prints one for a deployment; nginx/README.md says more.
"""

import grp
import math
import os
import pwd
import re
import resource
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Final
from urllib.parse import urlsplit

from comments import cells, env

TEMPLATES: Final = env.BASE_DIR / "nginx"
MODULE_NAME: Final = "ngx_nchan_module.so"
MODULE_FOLDERS: Final = ("/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/local/nginx/modules")
WORKER_USERS: Final = ("www-data", "nginx", "nobody")
DEFAULT_READERS: Final = 50_000
DEFAULT_RUNTIME: Final = "/var/lib/kibitz/nginx"
FRONT_CONNECTIONS_MAX: Final = 32_768  # of a worker: a crowd that comes back asks once each, at 424 bytes
SPREAD: Final = 1.05  # the kernel spreads connections by chance: of 16,000 it gives some workers 3 % more
RESERVED_FILES: Final = 1_000  # of a worker: log, listeners, publishers, and two sockets to each other worker

MOST_CONNECTIONS: Final = 65_535  # limit_conn takes no more


@dataclass(frozen=True, slots=True)
class Tls:
    """Paths of PEM files that the workers' user can read; nginx's variables may stand in them."""

    certificate: str
    key: str


def open_files() -> int:
    """How many files a process may have open here (the hard limit)."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def cores() -> int:
    return os.cpu_count() or 1


def worker_user() -> str | None:
    """Who workers run as when root starts nginx; None for anybody else, who cannot change users."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in WORKER_USERS if name in known)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontSettings:
    """The front instance. `listen` and `api` are nginx's addresses: host:port or unix:/path.

    `runtime` is an existing directory that the workers' user can enter; nginx makes what it needs in it.
    """

    runtime: Path
    listen: str
    api: str
    live: tuple[str, ...]
    tls: Tls | None = None
    redirect_listen: str = ""  # plain HTTP that only says where HTTPS is
    metrics_allow: tuple[str, ...] = ()  # addresses or networks, besides this machine
    user: str | None = field(default_factory=worker_user)
    workers: int = field(default_factory=cores)
    open_files: int = field(default_factory=open_files)

    @classmethod
    def from_environment(cls) -> "FrontSettings":
        """Raises ValueError or KeyError where a variable says what cannot be."""
        tls = _tls_from_environment()
        return cls(
            runtime=Path(env.env_str("KIBITZ_NGINX_RUNTIME", DEFAULT_RUNTIME)),
            listen=env.env_str("KIBITZ_FRONT_LISTEN", "443" if tls else "127.0.0.1:8080"),
            api=env.env_str("KIBITZ_FRONT_API", "unix:/run/kibitz/api.sock"),
            live=tuple(env.env_list("KIBITZ_FRONT_LIVE")) or ("unix:/run/kibitz/daphne-1.sock",),
            tls=tls,
            redirect_listen=env.env_str("KIBITZ_FRONT_REDIRECT_LISTEN"),
            metrics_allow=tuple(env.env_list("KIBITZ_METRICS_ALLOW")),
            open_files=env.env_int("KIBITZ_NGINX_OPEN_FILES", open_files(), minimum=1024),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PushSettings:
    """The push instance. `listen` is for readers, `publish` for formatters only: host:port or unix:/path.

    `origins` are those of the pages that may open sockets: Kibitz's own, where the iframe lives.
    """

    runtime: Path
    listen: str
    publish: str
    secret: str
    origins: tuple[str, ...]
    tls: Tls | None = None
    max_sockets_per_address: int = 100  # 0: no limit
    expected_readers: int = DEFAULT_READERS
    keepalive: str = "120s:15s:4"  # idle, interval, probes: who is gone is dropped after 3 minutes
    user: str | None = field(default_factory=worker_user)
    open_files: int = field(default_factory=open_files)
    module: str = field(default_factory=lambda: str(nchan_module()))

    def __post_init__(self) -> None:
        """Raises ValueError for what would not be what it says in nginx's language."""
        if not re.fullmatch(r"[\w-]{8,}", self.secret, re.ASCII):
            raise ValueError("the secret of live addresses must be 8 or more letters, digits, - and _")
        for origin in self.origins:
            if not re.fullmatch(r"https?://[\w.:\[\]-]+", origin, re.ASCII):
                raise ValueError(f"{origin!r} is no origin; https://comments.example.org is one")
        if self.max_sockets_per_address > MOST_CONNECTIONS:
            raise ValueError(f"nginx counts to {MOST_CONNECTIONS} sockets an address; 0 lifts the limit")

    @property
    def workers(self) -> int:
        """One a core; more where that many could not hold the expected readers in their files."""
        usable = (self.open_files - RESERVED_FILES) / SPREAD
        return max(cores(), math.ceil(self.expected_readers / usable))

    @property
    def connections(self) -> int:
        """Of one worker: its share and some more; each costs 424 bytes before it is used."""
        share = math.ceil(self.expected_readers / self.workers * SPREAD)
        return min(self.open_files, share + RESERVED_FILES)

    @classmethod
    def from_environment(cls) -> "PushSettings":
        """Raises ValueError where a variable says what cannot be."""
        tls = _tls_from_environment()
        public = urlsplit(env.env_str("KIBITZ_PUBLIC_URL"))
        own = (f"{public.scheme}://{public.netloc}",) if public.netloc else ()
        return cls(
            runtime=Path(env.env_str("KIBITZ_NGINX_RUNTIME", DEFAULT_RUNTIME)),
            listen=env.env_str("KIBITZ_PUSH_LISTEN", "443" if tls else "127.0.0.1:8081"),
            publish=env.env_str("KIBITZ_PUSH_PUBLISH", "127.0.0.1:9081"),
            secret=cells.push_secret(),
            origins=(*own, *env.env_list("KIBITZ_PUSH_ORIGINS")),
            tls=tls,
            max_sockets_per_address=env.max_sockets_per_address(),
            expected_readers=env.env_int("KIBITZ_PUSH_READERS", DEFAULT_READERS, minimum=1),
            open_files=env.env_int("KIBITZ_NGINX_OPEN_FILES", open_files(), minimum=2048),
        )


def argv(config: Path) -> list[str]:
    """nginx in the foreground, its log on standard error; raises FileNotFoundError where there is none."""
    return [nginx_program(), "-c", str(config), "-g", "daemon off;"]


def nginx_program() -> str:
    """Raises FileNotFoundError that names Debian's package."""
    found = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        raise FileNotFoundError("there is no nginx here: apt-get install nginx")
    return found


def nchan_module() -> Path:
    """Raises FileNotFoundError that names Debian's package."""
    for folder in MODULE_FOLDERS:
        path = Path(folder) / MODULE_NAME
        if path.is_file():
            return path
    raise FileNotFoundError("nginx has no Nchan here: apt-get install libnginx-mod-nchan")


def render_front(settings: FrontSettings) -> str:
    """The front instance's whole configuration."""
    values = {
        "name": "front",
        "workers": str(settings.workers),
        "connections": str(min(FRONT_CONNECTIONS_MAX, settings.open_files)),
        "api": settings.api,
        "live": _lines(8, [f"server {address} max_fails=1 fail_timeout=1s;" for address in settings.live]),
        "metrics_allow": _lines(12, [f"allow {address};" for address in settings.metrics_allow]),
        "listen": _lines(
            8, [_listen(settings.listen, settings.tls, f"{'http2 ' if settings.tls else ''}backlog=4096")]
        ),
        "redirect": _redirect(settings.redirect_listen),
    }
    return _rendered("front.conf", settings, values, session_cache="16m")


def render_push(settings: PushSettings) -> str:
    """The push instance's whole configuration."""
    readers = settings.expected_readers
    limit = settings.max_sockets_per_address
    zone = f"limit_conn_zone $binary_remote_addr zone=addresses:{_megabytes(readers * 128)}m;"
    values = {
        "name": "push",
        "nchan": settings.module,
        "workers": str(settings.workers),
        "connections": str(settings.connections),
        "priority": "5",
        "shared_memory": f"{_megabytes(128 * 2**20 + readers * 512)}m",
        "secret": settings.secret,
        "origins": _lines(8, [f'"{origin}" 0;' for origin in dict.fromkeys(settings.origins)]),
        "limit_zone": _lines(
            4, [zone, "limit_conn_status 429;", "limit_conn_log_level info;"] if limit else []
        ),
        "limit": _lines(12, [f"limit_conn addresses {limit};"] if limit else []),
        "publish": settings.publish,
        "listen": _lines(
            8,
            [
                _listen(
                    settings.listen,
                    settings.tls,
                    f"reuseport backlog=65535 so_keepalive={settings.keepalive} sndbuf=128k rcvbuf=8k",
                )
            ],
        ),
    }
    return _rendered("push.conf", settings, values, session_cache=f"{_megabytes(readers * 256)}m")


class _Lines(Template):
    """A template whose only places are `@{name}`: dollars are nginx's."""

    pattern = r"@(?:(?P<escaped>@)\{|\{(?P<braced>[a-z_]+)\}|(?P<named>(?!))|(?P<invalid>(?!)))"  # type: ignore[assignment]  # the class compiles it


def _rendered(
    name: str, settings: FrontSettings | PushSettings, values: dict[str, str], *, session_cache: str
) -> str:
    user = f"user {settings.user} {_group_of(settings.user)};" if settings.user else ""
    values |= {"user": user, "runtime": str(settings.runtime), "open_files": str(settings.open_files)}
    snippets = {"process": values, "http": values, "guard": values, "proxy": values}
    texts = {snippet: _fill(f"snippets/{snippet}.conf", its) for snippet, its in snippets.items()}
    texts["failures"] = _fill("snippets/failures.conf", {})
    texts["answers"] = _fill("snippets/answers.conf", texts)
    texts["tls"] = ""
    if settings.tls:
        tls = {"certificate": settings.tls.certificate, "certificate_key": settings.tls.key}
        texts["tls"] = _fill("snippets/tls.conf", {**tls, "session_cache": session_cache})
    return _fill(name, values | texts)


def _fill(template: str, values: dict[str, str]) -> str:
    return _Lines((TEMPLATES / template).read_text()).substitute(values)


def _lines(indent: int, lines: list[str]) -> str:
    return "\n".join(" " * indent + line for line in lines)


def _listen(address: str, tls: Tls | None, options: str) -> str:
    return f"listen {address}{' ssl' if tls else ''} {options};"


def _redirect(listen: str) -> str:
    if not listen:
        return ""
    return _lines(4, [f"server {{ listen {listen}; return 301 https://$host$request_uri; }}"])


def _megabytes(size_bytes: int) -> int:
    return max(1, math.ceil(size_bytes / 2**20))


def _group_of(user: str) -> str:
    return grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name


def _tls_from_environment() -> Tls | None:
    certificate, key = env.env_str("KIBITZ_TLS_CERTIFICATE"), env.env_str("KIBITZ_TLS_KEY")
    if bool(certificate) != bool(key):
        raise ValueError("KIBITZ_TLS_CERTIFICATE and KIBITZ_TLS_KEY go together")
    return Tls(certificate, key) if certificate else None


def main(arguments: list[str]) -> int:
    """Prints the configuration that is asked for."""
    match arguments:
        case ["front"]:
            print(render_front(FrontSettings.from_environment()))
        case ["push"]:
            print(render_push(PushSettings.from_environment()))
        case _:
            print("usage: python -m comments.supervision.nginx front|push", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
