"""What waits for one push node: order, bounds, and what becomes of it when the node breaks."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime import node_sender, push_connection
from realtime.delivery import Countdown, Delivery, Outcome
from realtime.node_sender import NodeSender
from realtime.publisher import Frame
from realtime.push_connection import post_request
from tests.servers import wait_until
from tests.unit.realtime.push_nodes import FakeNode, fake_node

SECONDS = 10.0


@pytest.fixture
def node(tmp_path: Path) -> Iterator[FakeNode]:
    with fake_node(tmp_path) as node:
        yield node


@pytest.fixture
def sender(node: FakeNode) -> Iterator[NodeSender]:
    sender = NodeSender(node.address)
    yield sender
    for held in node.held.values():
        held.set()
    sender.close()


def offered(sender: NodeSender, *keys: str) -> list[Delivery]:
    """One delivery a key, numbered in the order given."""
    countdown = Countdown(len(keys))
    deliveries = [
        Delivery(Frame(key, str(seq), (), "", "e", seq), post_request(f"/pub/{key}", b"%d" % seq), countdown)
        for seq, key in enumerate(keys, start=1)
    ]
    sender.offer(deliveries)
    return deliveries


def outcomes(deliveries: list[Delivery]) -> list[Outcome]:
    wait_until(
        lambda: all(delivery.outcome is not Outcome.WAITING for delivery in deliveries),
        message="every delivery is settled",
    )
    return [delivery.outcome for delivery in deliveries]


def test_frames_arrive_and_the_answer_says_how_many_read(node: FakeNode, sender: NodeSender) -> None:
    assert outcomes(offered(sender, "a", "b", "a")) == [Outcome.TAKEN] * 3

    assert sorted(node.arrived) == [("a", "1"), ("a", "3"), ("b", "2")]
    assert sender.readers == {"a": 7, "b": 7}


def test_a_thread_keeps_its_order_over_all_connections(node: FakeNode, sender: NodeSender) -> None:
    keys = ["a", "b", "c", "d", "e"]

    for _ in range(40):
        offered(sender, *keys * 3)
    outcomes(offered(sender, *keys))

    for position, key in enumerate(keys, start=1):
        once = [str(position + 5 * turn) for turn in range(3)]
        assert [body for of, body in node.arrived if of == key] == once * 40 + [str(position)]


def test_a_connection_that_the_node_closed_is_opened_again(node: FakeNode, sender: NodeSender) -> None:
    outcomes(offered(sender, "a"))
    node.hang_up()

    assert outcomes(offered(sender, "a")) == [Outcome.TAKEN]
    assert not sender.is_stale


def test_a_node_that_refuses_connections_is_stale_and_back_when_it_answers(tmp_path: Path) -> None:
    with fake_node(tmp_path) as node:
        sender = NodeSender(node.address)
        outcomes(offered(sender, "a"))
    (tmp_path / "node.sock").unlink()

    assert outcomes(offered(sender, "a", "b")) == [Outcome.MISSED] * 2
    assert sender.is_stale
    assert not sender.answers()

    with fake_node(tmp_path):
        assert sender.answers()
        sender.recover()
        assert outcomes(offered(sender, "a")) == [Outcome.TAKEN]
        sender.close()


def test_a_frame_that_breaks_the_node_again_makes_it_stale(node: FakeNode, sender: NodeSender) -> None:
    node.breaks_on = {"b"}

    settled = outcomes(offered(sender, "a", "b", "c"))

    assert settled[1] is Outcome.MISSED
    assert sender.is_stale


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of a second is long."""
    monkeypatch.setattr(push_connection, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(node_sender, "LATE_SECONDS", 0.1)
    monkeypatch.setattr(node_sender, "ANSWER_SECONDS", 0.1)


def test_a_node_that_holds_many_sockets_may_take_longer(node: FakeNode, impatient: None) -> None:
    node.subscribers = 1_000_000
    sender = NodeSender(node.address)
    node.held = {"a": threading.Event(), "b": threading.Event()}
    both = offered(sender, "a", "b")

    release = threading.Timer(0.5, node.held["a"].set)
    release.start()
    node.held["b"].set()

    assert outcomes(both) == [Outcome.TAKEN] * 2
    assert not sender.is_stale
    sender.close()


@pytest.mark.parametrize("held", [["a"], ["a", "status"]], ids=["it holds few sockets", "it says nothing"])
def test_a_node_that_does_not_answer_is_stale_after_a_while(
    node: FakeNode, impatient: None, held: list[str]
) -> None:
    sender = NodeSender(node.address)
    node.held = {key: threading.Event() for key in held}

    assert outcomes(offered(sender, "a")) == [Outcome.MISSED]
    assert sender.is_stale
    sender.close()


def test_a_slow_thread_holds_up_no_other(node: FakeNode, sender: NodeSender) -> None:
    node.held = {"slow": threading.Event()}
    [slow] = offered(sender, "slow")

    wait_until(lambda: node.connections == 1, message="the slow one is on its way")
    assert outcomes(offered(sender, "a", "b")) == [Outcome.TAKEN] * 2

    assert slow.outcome is Outcome.WAITING
    node.held["slow"].set()
    assert outcomes([slow]) == [Outcome.TAKEN]


def test_nobody_waits_for_a_thread_that_is_late_and_little_is_kept_for_it(node: FakeNode) -> None:
    now = 0.0
    sender = NodeSender(node.address, clock=lambda: now)
    node.held = {"slow": threading.Event()}
    first = offered(sender, "slow")
    wait_until(lambda: node.connections == 1, message="it is on its way")
    now = 1.1

    later = offered(sender, *["slow"] * (node_sender.MAX_FRAMES_A_THREAD + 3))

    assert all(delivery.countdown is None for delivery in later), "publish does not wait for them"
    assert [delivery.outcome for delivery in later].count(Outcome.MISSED) == 3
    node.held["slow"].set()
    assert outcomes(first + later[:-3]) == [Outcome.TAKEN] * (node_sender.MAX_FRAMES_A_THREAD + 1)
    sender.close()


def test_an_answer_that_comes_late_makes_the_note_untrue(node: FakeNode, sender: NodeSender) -> None:
    node.held = {"slow": threading.Event()}
    [slow] = offered(sender, "slow")
    slow.is_noted = True

    node.held["slow"].set()

    outcomes([slow])
    wait_until(lambda: sender.caught_up == {"slow": "e 1"}, message="it is to be forgotten")


@pytest.mark.parametrize(("status", "outcome"), [(413, Outcome.REFUSED), (507, Outcome.MISSED)])
def test_a_frame_that_is_answered_otherwise_touches_no_other(
    node: FakeNode, sender: NodeSender, status: int, outcome: Outcome
) -> None:
    node.statuses = {"b": status}

    assert outcomes(offered(sender, "a", "b", "c")) == [Outcome.TAKEN, outcome, Outcome.TAKEN]
    assert not sender.is_stale


def test_too_much_that_waits_makes_the_node_stale(
    node: FakeNode, sender: NodeSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_sender, "MAX_FRAMES", 5)
    node.held = {"slow": threading.Event()}
    offered(sender, "slow")
    wait_until(lambda: node.connections == 1, message="it is on its way")

    settled = offered(sender, *["slow"] * 7)

    assert outcomes(settled) == [Outcome.MISSED] * 7
    assert sender.is_stale


def test_closing_ends_what_waits(node: FakeNode) -> None:
    sender = NodeSender(node.address)
    node.held = {"slow": threading.Event()}
    deliveries = offered(sender, "slow", "slow")

    sender.close()

    assert outcomes(deliveries) == [Outcome.MISSED] * 2
    node.held["slow"].set()
