"""Whose request it is, where a front passes it on."""

from collections.abc import Iterable
from typing import Any

import pytest

from comments.rest.forwarded import behind_front


def seen(**environ: str) -> dict[str, Any]:
    """What an application behind the front sees of a request over a Unix socket."""
    told: dict[str, Any] = {}

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        told.update(environ)
        return [b""]

    behind_front(application)({"REMOTE_ADDR": "", "wsgi.url_scheme": "http", **environ}, lambda *_: None)
    return told


def test_the_address_is_the_one_that_the_front_names() -> None:
    assert seen(HTTP_X_FORWARDED_FOR="192.0.2.7")["REMOTE_ADDR"] == "192.0.2.7"


def test_what_the_client_put_before_it_is_not_believed() -> None:
    assert seen(HTTP_X_FORWARDED_FOR="203.0.113.9, 192.0.2.7")["REMOTE_ADDR"] == "192.0.2.7"


@pytest.mark.parametrize(("proto", "scheme"), [("https", "https"), ("http", "http"), ("gopher", "http")])
def test_the_scheme_is_the_one_that_the_front_names(proto: str, scheme: str) -> None:
    assert seen(HTTP_X_FORWARDED_PROTO=proto)["wsgi.url_scheme"] == scheme


def test_without_the_headers_nothing_is_made_up() -> None:
    told = seen()

    assert (told["REMOTE_ADDR"], told["wsgi.url_scheme"]) == ("", "http")
