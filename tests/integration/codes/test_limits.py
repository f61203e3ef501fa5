"""How often codes are sent and guessed, for one mailbox, address and site."""

import threading

import redis
from django.db import connections

from comments.identity.models import Author, Session
from comments.mail.models import Mail
from comments.models import EmailCode
from comments.sites.models import Site
from comments.sites.services import create_site
from tests.cast import ORIGIN, Person, page_of
from tests.integration.codes.readers import (
    ask,
    make_older,
    move,
    sent,
    typed,
    wrong,
)


def test_again_after_half_a_minute(reader: Person) -> None:
    sent(reader)

    answer = ask(reader)

    assert (answer.status, answer.code) == (429, "throttled")
    assert 25 <= int(answer.headers["Retry-After"]) <= 30
    make_older(30)
    sent(reader)


def test_one_mailbox_gets_five_an_hour_from_all_addresses_and_sites(reader: Person) -> None:
    people = [reader, Person("x", page_of(create_site("other", origins=[ORIGIN], is_unlimited=True)))]
    addresses = ["ann@example.org", "ANN@example.org", "ann+1@example.org", "ann+2@EXAMPLE.org"]
    for number in range(5):
        move(people[number % 2], number)
        sent(people[number % 2], addresses[number % 4])
        make_older(31)

    move(reader, 99)
    answer = ask(reader, "ann+3@example.org")

    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) > 60
    assert Mail.objects.count() == 5
    sent(reader, "bob@example.org")


def test_one_address_asks_for_five_a_minute(reader: Person) -> None:
    for number in range(5):
        sent(reader, f"reader{number}@example.org")

    assert ask(reader, "reader5@example.org").status == 429
    move(reader, 1)
    sent(reader, "reader5@example.org")


def test_a_site_sends_sixty_a_minute(limited_site: Site) -> None:
    reader = Person("reader", page_of(limited_site))
    for number in range(60):
        move(reader, number)
        sent(reader, f"reader{number}@example.org")

    move(reader, 99)
    assert ask(reader, "more@example.org").status == 429


def test_guesses_over_many_codes_are_ten_an_hour(reader: Person) -> None:
    outcomes = []
    for number in range(3):
        move(reader, number)
        code_id, code = sent(reader)
        outcomes += [typed(reader, code_id, wrong(code)).status for _ in range(4)]
        make_older(31)

    assert outcomes == [403] * 10 + [429] * 2
    move(reader, 50)
    code_id, code = sent(reader)
    assert typed(reader, code_id, code).status == 429  # not even by luck
    assert EmailCode.objects.get(pk=code_id).tries == 0


def test_who_signs_in_begins_from_nothing_again(reader: Person, redis_client: redis.Redis) -> None:
    for number in range(4):
        move(reader, number)
        code_id, code = sent(reader)
        for _ in range(4):
            assert typed(reader, code_id, wrong(code)).code == "wrong_code"
        assert typed(reader, code_id, code).status == 200
        make_older(31)


def test_limits_hold_without_redis(reader: Person, no_redis: None) -> None:
    code_id, code = sent(reader)
    assert typed(reader, code_id, wrong(code)).code == "wrong_code"
    assert typed(reader, code_id, code).status == 200
    for number in range(4):
        sent(reader, f"reader{number}@example.org")

    assert ask(reader, "more@example.org").status == 429


def test_many_guesses_at_once_are_five(shared_database: None, redis_client: redis.Redis) -> None:
    page = page_of(create_site("blog", origins=[ORIGIN], is_unlimited=True))
    code_id, code = sent(Person("ann", page))
    said: list[str] = []

    def guess(number: int) -> None:
        reader = Person("mallory", page)
        move(reader, number)
        try:
            said.append(typed(reader, code_id, wrong(code)).code)
        finally:
            connections.close_all()

    at_once([threading.Thread(target=guess, args=[number]) for number in range(8)])

    assert EmailCode.objects.get(pk=code_id).tries == 5
    assert set(said) <= {"wrong_code", "code_expired"}
    assert len(said) == 8


def test_the_right_code_at_once_opens_once(shared_database: None) -> None:
    page = page_of(create_site("blog", origins=[ORIGIN], is_unlimited=True))
    code_id, code = sent(Person("ann", page))
    said: list[int] = []

    def open_it(number: int) -> None:
        try:
            said.append(typed(Person("ann", page), code_id, code).status)
        finally:
            connections.close_all()

    at_once([threading.Thread(target=open_it, args=[number]) for number in range(4)])

    assert sorted(said) == [200, 403, 403, 403]
    assert Author.objects.filter(is_member=True).count() == Session.objects.count() == 1


def at_once(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
