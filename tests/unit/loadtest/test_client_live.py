"""The ladder of the Python client, whose rungs are not the embed's: a WebSocket, then polling, and back."""

import pytest

from loadtest.client.live import TRIES_PROVEN, TRIES_UNPROVEN
from tests.unit.loadtest.client_player import Player

FIRST_ADDRESS = "ws://host/live/k"


@pytest.fixture
def player() -> Player:
    return Player()


@pytest.fixture
def polling(player: Player) -> Player:
    """A reader whose sockets were refused until it polled."""
    player.play({"server": {"sockets": "refused"}})
    player.play({"do": "show"})
    while player.told[-1:] != ["asks events after 0"]:
        player.play({"advance": 0.1})
    player.play({"server": {"sockets": "open"}})
    return player


def test_a_socket_that_never_opened_is_tried_three_times(player: Player) -> None:
    player.play({"server": {"sockets": "refused"}})

    player.play({"do": "show"})
    player.play({"advance": 60})

    assert len(player.network.sockets) == TRIES_UNPROVEN
    assert player.told[-1].startswith("asks events")


def test_a_socket_that_was_open_is_tried_eight_times(player: Player) -> None:
    player.play({"do": "show"})
    player.play({"server": {"sockets": "refused"}})

    player.play({"break": 1006})
    player.play({"advance": 90})

    assert len(player.network.sockets) == 1 + TRIES_PROVEN
    assert player.told[-1].startswith("asks events")


def test_a_reader_who_polls_asks_every_three_to_five_seconds_and_gets_events(polling: Player) -> None:
    polling.play({"create": 2})

    told = polling.play({"advance": 20})

    assert told == ["asks events after 0", "events 1-2"] + ["asks events after 2"] * 4


def test_a_poll_that_reaches_no_server_waits_longer_and_stays_a_poll(polling: Player) -> None:
    polling.play({"server": {"fails": 0}})
    polling.play({"advance": 60})
    sockets = len(polling.network.sockets)

    polling.play({"server": {"fails": None}})
    polling.play({"create": 1})
    told = polling.play({"advance": 31})

    assert "is live" in told
    assert "event 1" in told
    assert len(polling.network.sockets) == sockets


def test_a_reader_who_polls_climbs_back_after_one_to_two_minutes_by_a_new_address(polling: Player) -> None:
    polling.network.address = "ws://other/live/k"
    polling.play({"advance": 55})
    assert not polling.is_connected

    told = polling.play({"advance": 65})

    assert polling.network.sockets[-1].url == "ws://other/live/k"
    assert told[-4:] == ["asks addresses", "connects", "is live", "asks events after 0"]
    assert polling.play({"advance": 10}) == []


def test_a_climb_that_fails_loses_nothing_and_the_next_one_comes_later(polling: Player) -> None:
    polling.play({"server": {"sockets": "refused"}})
    sockets = len(polling.network.sockets)
    polling.play({"advance": 100})
    assert len(polling.network.sockets) == sockets + 1

    polling.play({"create": 1})
    told = polling.play({"advance": 100})

    assert "event 1" in told
    assert len(polling.network.sockets) == sockets + 1


def test_a_climb_that_neither_opens_nor_fails_is_given_up(polling: Player) -> None:
    polling.play({"server": {"sockets": "silent"}})

    polling.play({"advance": 100})

    assert polling.network.sockets[-1].is_closed
    assert polling.told[-1].startswith("asks events")


def test_a_climb_that_asks_while_the_reader_leaves_opens_nothing(polling: Player) -> None:
    polling.play({"server": {"isLate": True}})
    while "asks addresses" not in polling.told:
        polling.play({"advance": 1})
    sockets = len(polling.network.sockets)

    polling.play({"do": "stop"})
    while polling.network.pending:
        polling.play({"answer": 0})

    assert len(polling.network.sockets) == sockets


def test_a_connection_that_did_not_open_is_tried_at_a_new_address(player: Player) -> None:
    player.network.address = "ws://other/live/k"
    player.play({"server": {"sockets": "refused"}})

    player.play({"do": "show"})
    player.play({"advance": 0.5})

    assert [socket.url for socket in player.network.sockets] == [FIRST_ADDRESS, "ws://other/live/k"]


def test_waits_grow_to_twenty_seconds_and_no_further(player: Player) -> None:
    player.play({"dice": 0.999})
    player.play({"do": "show"})
    player.play({"advance": 10})
    player.play({"server": {"sockets": "refused"}})

    player.play({"break": 1006})
    waits = []
    for _ in range(TRIES_PROVEN):
        since, sockets = player.clock.monotonic(), len(player.network.sockets)
        while len(player.network.sockets) == sockets:
            player.play({"advance": 0.1})
        waits.append(round(player.clock.monotonic() - since))

    assert waits == [1, 1, 2, 4, 8, 16, 20, 20]
