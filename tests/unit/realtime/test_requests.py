"""How long a request may take to come."""

from typing import Any

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from comments import settings
from comments.signin import pictures
from realtime.requests import (
    AVATAR_PATH,
    MAX_AVATAR_BYTES,
    MAX_BODY_BYTES,
    MAX_RULES_BYTES,
    REQUEST_SECONDS,
    BoundedChannel,
)


@pytest.mark.parametrize("begun", [b"", b"GE", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_a_request_that_comes_byte_by_byte_must_be_whole_in_time(begun: bytes) -> None:
    clock, transport = Clock(), StringTransport()  # type: ignore[no-untyped-call]
    channel: Any = BoundedChannel()
    channel.callLater, channel.timeOut = clock.callLater, REQUEST_SECONDS
    channel.makeConnection(transport)
    channel.dataReceived(begun)

    for _ in range(5):
        clock.advance(REQUEST_SECONDS / 6)
        channel.dataReceived(b"x")
    assert not transport.disconnecting
    clock.advance(REQUEST_SECONDS / 6)

    assert transport.disconnecting


def test_a_body_may_be_as_large_as_the_apis() -> None:
    assert MAX_BODY_BYTES == settings.API_BODY_MAX_BYTES
    assert MAX_RULES_BYTES == settings.RULES_BODY_MAX_BYTES
    assert MAX_AVATAR_BYTES == pictures.MAX_BYTES


@pytest.mark.parametrize(
    ("path", "is_larger"),
    [
        (b"/api/v1/sites/blog/session/avatar/", True),
        (b"/api/v1/sites/blog/session/avatar/?x=1", True),
        (b"/api/v1/sites/blog/session/avatar/gravatar/", False),
        (b"/api/v1/sites/a/b/session/avatar/", False),
        (b"/x?/api/v1/sites/blog/session/avatar/", False),
        (b"/api/v1/threads/x/posts/?/session/avatar/", False),
    ],
)
def test_a_picture_alone_may_be_larger(path: bytes, is_larger: bool) -> None:
    assert bool(AVATAR_PATH.match(path)) == is_larger
