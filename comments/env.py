"""What the environment says, read in one place; imports no Django, so the push tier reads it too."""

import os
import secrets
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent


def env_str(name: str, default: str = "") -> str:
    """The variable's value, or `default` where it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def env_int(name: str, default: int, *, minimum: int = 0) -> int:
    """The variable as a whole number; raises ValueError with the variable's name in it when it is not one."""
    raw = env_str(name)
    if not raw:
        return default
    if not raw.isascii() or not raw.isdigit() or int(raw) < minimum:
        raise ValueError(f"{name} must be a whole number of at least {minimum}, not {raw!r}")
    return int(raw)


def env_bool(name: str, default: bool) -> bool:
    """True for 1, true, yes, on; False for 0, false, no, off; raises ValueError for anything else."""
    raw = env_str(name).lower()
    if not raw:
        return default
    if raw in {"1", "true", "yes", "on"}:
        return True
    if raw in {"0", "false", "no", "off"}:
        return False
    raise ValueError(f"{name} must be 1 or 0, not {raw!r}")


def env_list(name: str) -> list[str]:
    """The variable split at commas, without empty parts."""
    return [part.strip() for part in env_str(name).split(",") if part.strip()]


def state_dir() -> Path:
    """Where everything that a start creates is kept."""
    return Path(env_str("KIBITZ_STATE_DIR", str(BASE_DIR / "var")))


def redis_url() -> str:
    """Redis's address; `./run` sets it for its children when it starts a Valkey of its own."""
    return env_str("REDIS_URL", "redis://127.0.0.1:6379/0")


def formatter_count() -> int:
    """How many formatter processes, and so how many streams, there are."""
    return env_int("KIBITZ_FORMATTERS", 1, minimum=1)


def max_sockets_per_address() -> int:
    """How many live connections one address may hold, on each push node and in each Daphne; 0 for any number,
    which also lifts the rate of its reading calls."""
    return env_int("KIBITZ_MAX_SOCKETS_PER_ADDRESS", 100)


def max_connections() -> int:
    """How many connections of all kinds one Daphne may hold; 0 for any number."""
    return env_int("KIBITZ_MAX_CONNECTIONS", 10_000)


def queue_max_bytes() -> int:
    """How much the streams may hold before new posts, edits and votes have to wait; 0 for any amount."""
    return env_int("KIBITZ_QUEUE_MAX_MB", 256) * 1024 * 1024


def akismet_url() -> str:
    """Where Akismet's calls are."""
    return env_str("KIBITZ_AKISMET_URL", "https://rest.akismet.com/1.1").rstrip("/")


def gravatar_url() -> str:
    """Where Gravatar's pictures are."""
    return env_str("KIBITZ_GRAVATAR_URL", "https://gravatar.com/avatar").rstrip("/")


def external_may_be_private() -> bool:
    """Whether sites may have their comments checked, and their members' pictures fetched, at addresses of
    this machine and its network."""
    return env_bool("KIBITZ_EXTERNAL_MAY_BE_PRIVATE", default=False)


def require_second_factor() -> bool:
    """Whether staff without a second factor reach nothing but the pages that set one up."""
    return env_bool("KIBITZ_REQUIRE_SECOND_FACTOR", default=False)


def address_retention_days() -> int:
    """How long a post keeps the network address that it came from, for moderators."""
    return env_int("KIBITZ_ADDRESS_RETENTION_DAYS", 30)


def guest_email_retention_days() -> int:
    """How long the e-mail address of a guest who does not write any more is kept."""
    return env_int("KIBITZ_GUEST_EMAIL_RETENTION_DAYS", 365)


def secret_key() -> str:
    """The key that signs tokens: KIBITZ_SECRET_KEY, else one made at the first start and kept."""
    given = env_str("KIBITZ_SECRET_KEY")
    if given:
        return given
    path = state_dir() / "secret_key"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # O_EXCL: of two processes that start at once, one writes and the other reads.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))
    return path.read_text().strip()
