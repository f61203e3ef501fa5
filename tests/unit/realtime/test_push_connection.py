"""One pipelined connection."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime.push_connection import Answer, ConnectionLost, PushConnection, get_request, post_request
from tests.servers import unused_port
from tests.unit.realtime.push_nodes import FakeNode, fake_node


@pytest.fixture
def node(tmp_path: Path) -> Iterator[FakeNode]:
    with fake_node(tmp_path) as node:
        yield node


@pytest.fixture
def connection(node: FakeNode) -> Iterator[PushConnection]:
    connection = PushConnection(node.address, may_wait=lambda seconds: seconds < 10)
    yield connection
    connection.close()


def test_answers_come_in_the_order_of_the_requests(node: FakeNode, connection: PushConnection) -> None:
    node.statuses = {"b": 202}
    requests = [post_request(f"/pub/{key}", b"x" * 70_000) for key in ("a", "b", "c")]

    assert list(connection.exchange(requests)) == [Answer(201, 7), Answer(202, 7), Answer(201, 7)]


def test_one_connection_serves_many_exchanges(node: FakeNode, connection: PushConnection) -> None:
    for _ in range(3):
        assert list(connection.exchange([get_request("/healthz")])) == [Answer(200, 0)]

    assert node.connections == 1
    assert connection.is_open


def test_a_connection_that_broke_is_opened_by_the_next_exchange(
    node: FakeNode, connection: PushConnection
) -> None:
    node.breaks_on = {"bad"}
    with pytest.raises(ConnectionLost):
        list(connection.exchange([post_request("/pub/bad", b"")]))

    assert not connection.is_open
    assert list(connection.exchange([post_request("/pub/a", b"")])) == [Answer(201, 7)]


@pytest.mark.parametrize("address", ["unix:/nonexistent/node.sock", "http://127.0.0.1:{port}"])
def test_a_node_that_is_not_there_is_said_to_be_lost(address: str) -> None:
    connection = PushConnection(address.format(port=unused_port()), may_wait=lambda seconds: seconds < 10)

    with pytest.raises(ConnectionLost):
        list(connection.exchange([get_request("/healthz")]))
