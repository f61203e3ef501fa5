"""How long a request may take to come."""

from typing import Any

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from comments import settings
from realtime.requests import MAX_BODY_BYTES, MAX_RULES_BYTES, REQUEST_SECONDS, BoundedChannel


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
