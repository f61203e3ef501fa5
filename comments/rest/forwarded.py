"""Who asks, and by https or not, where a front passes requests on."""

from collections.abc import Callable, Iterable
from typing import Any

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def behind_front(application: Application) -> Application:
    """The WSGI application with the client's address and scheme as the front tells them.

    Only for a server that nobody but the front can reach: whoever reaches it could say anything. Daphne does
    the same for its part (realtime.server).
    """

    def wrapped(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        # The last address is the one that our own front wrote; what stands before it came with the request.
        environ["REMOTE_ADDR"] = environ.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
        if environ.get("HTTP_X_FORWARDED_PROTO") in {"http", "https"}:
            environ["wsgi.url_scheme"] = environ["HTTP_X_FORWARDED_PROTO"]
        return application(environ, start_response)

    return wrapped
