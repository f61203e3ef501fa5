"""Which pages' scripts may open a thread's live connection: our own, in whose frame every thread is shown."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from comments import env


def is_foreign(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a browser says that a page of another host than ours asks. A program says nothing, and may:
    what goes through here is public. The push tier asks the same (nginx/push.conf)."""
    told = {name: value.decode("latin-1").lower() for name, value in headers if name in {b"origin", b"host"}}
    origin = told.get(b"origin", "")
    if not origin:
        return False
    try:
        host = urlsplit(origin).netloc
    except ValueError:
        return True
    return not host or host not in {
        told.get(b"host", ""),
        urlsplit(env.env_str("KIBITZ_PUBLIC_URL").lower()).netloc,
    }
