"""The kept connection against a real Redis: answers in order, and what it makes of a Redis that goes away."""

import threading
from collections.abc import Callable, Iterator

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


def in_threads(number: int, act: Callable[[], object]) -> None:
    threads = [threading.Thread(target=act) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_threads_that_send_at_once_have_a_connection_each(redis_url: str) -> None:
    connection = KeptConnection(redis_url)
    answers: list[bool] = []
    ready = threading.Barrier(5)

    def ask() -> None:
        ready.wait(10)
        answers.extend(
            connection.send(("ECHO", number), ("ECHO", -number)) == [str(number), str(-number)]
            for number in range(100)
        )

    in_threads(5, ask)

    assert answers == [True] * 500


def test_threads_that_come_and_go_use_the_same_connection(redis_url: str, redis_client: redis.Redis) -> None:
    connection = KeptConnection(redis_url)
    before = redis_client.info("stats")["total_connections_received"]

    for _ in range(300):  # Django under ASGI has a thread for each request
        in_threads(1, lambda: connection.send(("INCR", "a")))

    assert redis_client.get("a") == "300"
    assert redis_client.info("stats")["total_connections_received"] == before + 1


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
