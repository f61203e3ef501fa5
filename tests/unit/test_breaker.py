"""The breaker: who may ask Redis after it failed, and when."""

import threading

import pytest
import redis

from comments.events.breaker import PAUSE_SECONDS, Breaker, LeftAlone


class Clock:
    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock=clock)


def fail(breaker: Breaker) -> None:
    with pytest.raises(redis.ConnectionError), breaker.attempt():
        raise redis.ConnectionError


def is_let_in(breaker: Breaker) -> bool:
    try:
        with breaker.attempt():
            return True
    except LeftAlone:
        return False


def test_while_redis_answers_everybody_may_ask_at_once(breaker: Breaker) -> None:
    with breaker.attempt(), breaker.attempt():
        assert is_let_in(breaker)


def test_a_failure_opens_it_for_a_second(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)

    clock.seconds += PAUSE_SECONDS - 0.01
    before = is_let_in(breaker)
    clock.seconds += 0.02

    assert (before, is_let_in(breaker)) == (False, True)


def test_only_one_tries_while_the_others_go_on_without(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    clock.seconds += PAUSE_SECONDS

    with breaker.attempt():
        meanwhile = [is_let_in(breaker) for _ in range(5)]

    assert meanwhile == [False] * 5
    assert is_let_in(breaker)


def test_of_many_threads_one_tries(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    clock.seconds += PAUSE_SECONDS
    let_in, all_asked = [], threading.Barrier(8)

    def ask() -> None:
        try:
            with breaker.attempt():
                let_in.append(True)
                all_asked.wait(10)
        except LeftAlone:
            all_asked.wait(10)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert let_in == [True]


def test_a_try_that_fails_opens_it_for_another_second(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    clock.seconds += PAUSE_SECONDS
    fail(breaker)
    at_once = is_let_in(breaker)
    clock.seconds += PAUSE_SECONDS

    assert (at_once, is_let_in(breaker)) == (False, True)


def test_an_answer_to_who_asked_before_the_failure_does_not_close_it(breaker: Breaker) -> None:
    with breaker.attempt():
        fail(breaker)

    assert not is_let_in(breaker)


def test_a_try_that_something_else_ended_leaves_it_to_the_next(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    clock.seconds += PAUSE_SECONDS
    with pytest.raises(ZeroDivisionError), breaker.attempt():
        raise ZeroDivisionError

    assert is_let_in(breaker)
