"""The kept connection against a real Redis: answers in order, and what it makes of a Redis that goes away."""

import threading
from collections.abc import Iterator

import pytest
import redis

from comments.events.redis_clients import KeptConnection
from tests.servers import Server, redis_server

pytestmark = pytest.mark.one_database


@pytest.fixture
def own_redis() -> Iterator[tuple[Server, str]]:
    with redis_server() as server:
        yield server


def test_answers_come_in_the_order_of_the_commands(redis_url: str) -> None:
    connection = KeptConnection(redis_url)

    assert connection.send(("SET", "a", 1), ("INCR", "a"), ("GET", "a")) == ["OK", 2, "2"]


def test_a_refused_command_holds_up_no_other(redis_url: str) -> None:
    connection = KeptConnection(redis_url)

    commands = ("SET", "a", "text"), ("INCR", "a"), ("GET", "a")

    first, refused, last = connection.send(*commands, raise_on_error=False)

    assert (first, last) == ("OK", "text")
    assert isinstance(refused, redis.ResponseError)


def test_a_refused_command_is_an_error_and_the_next_call_gets_its_own_answers(redis_url: str) -> None:
    connection = KeptConnection(redis_url)

    with pytest.raises(redis.ResponseError, match="integer"):
        connection.send(("SET", "a", "text"), ("INCR", "a"), ("SET", "b", "after"))

    assert connection.send(("GET", "b")) == ["after"]


def test_calls_at_the_same_time_have_connections_of_their_own(redis_url: str) -> None:
    connection = KeptConnection(redis_url)
    answers: list[list[object]] = []

    def ask(number: int) -> None:
        answers.extend(connection.send(("ECHO", number), ("ECHO", -number)) for _ in range(50))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers) == 400
    assert all(second == f"-{first}" for first, second in answers)


def test_threads_that_come_and_go_use_one_connection_after_another(redis_url: str) -> None:
    connection = KeptConnection(redis_url)
    ids: list[int] = []

    for _ in range(150):  # redis-py's pools make a hundred
        thread = threading.Thread(target=lambda: ids.extend(connection.send(("CLIENT", "ID"))))
        thread.start()
        thread.join()

    assert len(ids) == 150
    assert len(set(ids)) == 1


def test_a_redis_that_was_started_anew_is_found_at_the_next_call(own_redis: tuple[Server, str]) -> None:
    server, url = own_redis
    connection = KeptConnection(url)
    connection.send(("PING",))
    server.kill()
    server.start()

    assert connection.send(("PING",)) == ["PONG"]


def test_a_redis_that_is_away_is_an_error_until_it_is_back(own_redis: tuple[Server, str]) -> None:
    server, url = own_redis
    connection = KeptConnection(url)
    connection.send(("PING",))
    server.kill()

    for _ in range(2):
        with pytest.raises(redis.ConnectionError):
            connection.send(("PING",))

    server.start()
    assert connection.send(("PING",)) == ["PONG"]
