"""How often one address, one author and a whole site may act."""

import pytest
import redis
from limits import RateLimitItemPerMinute, parse_many

from comments.events import request_redis
from comments.models import Post
from comments.rest import throttles
from comments.rest.throttles import counted_address
from comments.sites.models import Site
from tests.cast import Answer, Person, page_of

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]  # counted in Redis


@pytest.fixture
def writer(limited_site: Site) -> Person:
    return Person("alice", page_of(limited_site))


def move(person: Person, address: str) -> None:
    """From here on the person comes from another address."""
    person.client.defaults["REMOTE_ADDR"] = address


def limit_site(site: Site, *, posts: int = 0, votes: int = 0) -> None:
    Site.objects.filter(pk=site.pk).update(max_posts_per_minute=posts, max_votes_per_minute=votes)


def let_pass(client: redis.Redis, seconds: int) -> None:
    """What was counted in Redis gets older by so much."""
    for name in client.scan_iter("kibitz:rate:*"):
        client.pexpire(name, client.pttl(name) - seconds * 1000)


def assert_throttled(answer: Answer) -> None:
    assert (answer.status, answer.code) == (429, "throttled")
    assert 1 <= int(answer.headers["Retry-After"]) <= 3_601


def test_the_eleventh_post_of_a_minute_waits(writer: Person) -> None:
    for _ in range(10):
        writer.posted()

    answer = writer.post()

    assert_throttled(answer)
    assert 30 <= int(answer.headers["Retry-After"]) <= 61
    assert Post.objects.count() == 10


def test_there_is_room_again_when_it_was_said_and_not_before(
    writer: Person, redis_client: redis.Redis
) -> None:
    def assert_room_in(at_least: int, at_most: int) -> None:
        seconds = int(writer.post().headers["Retry-After"])
        assert at_least <= seconds <= at_most
        let_pass(redis_client, seconds // 2)
        assert_throttled(writer.post())
        let_pass(redis_client, seconds - seconds // 2)
        writer.posted()

    for _ in range(10):
        writer.posted()
    assert_room_in(50, 60)
    let_pass(redis_client, 19)  # of ten posts in the minute before, six count and most of a seventh
    for _ in range(3):
        writer.posted()
    assert_room_in(1, 5)


@pytest.mark.parametrize(("act", "allowed"), [("edit", 30), ("vote", 60), ("flag", 10), ("preview", 60)])
@pytest.mark.parametrize("whose", ["address", "author"])
def test_every_way_to_write_has_its_rate(whose: str, act: str, allowed: int, writer: Person) -> None:
    post_id = writer.posted()
    bob = Person("bob", writer.page)
    bob.posted()  # has a token now

    def once(number: int) -> Answer:
        for person in (writer, bob):
            if whose == "author":
                move(person, f"192.0.2.{number}")
            elif person is bob:
                person.token = ""
        match act:
            case "edit":
                return writer.edit(post_id, f"Hello, {number}.")
            case "vote":
                return bob.vote(post_id, number % 2)
            case "flag":
                return bob.flag(post_id)
        return bob.preview("Hello.")

    answers = [once(number) for number in range(allowed + 1)]

    assert {answer.status for answer in answers[:-1]} <= {200, 204}
    assert_throttled(answers[-1])


def test_an_author_has_one_rate_from_however_many_addresses(writer: Person) -> None:
    writer.posted()  # makes them an author
    for number in range(10):
        move(writer, f"192.0.2.{number}")
        writer.posted()
    move(writer, "192.0.2.10")

    assert_throttled(writer.post())


def test_who_comes_anew_each_time_has_the_rate_of_their_address(writer: Person) -> None:
    for _ in range(10):
        writer.posted()
        writer.token = ""

    assert_throttled(writer.post())


def test_a_repeated_request_is_not_counted(writer: Person) -> None:
    key = "7d1b7f0e-53c5-4a29-8cb8-1e8ab0a5a111"

    answers = [writer.post(idempotency_key=key) for _ in range(12)]

    assert {answer.status for answer in answers[1:]} == {200}


def test_another_address_is_another_count(writer: Person) -> None:
    for _ in range(10):
        writer.posted()
    writer.token = ""
    move(writer, "192.0.2.1")

    assert writer.post().status == 201


def test_a_site_has_a_total_of_new_posts(limited_site: Site) -> None:
    limit_site(limited_site, posts=5)
    people = [Person(f"reader {number}", page_of(limited_site)) for number in range(6)]
    for number, person in enumerate(people):
        move(person, f"192.0.2.{number}")

    answers = [person.post() for person in people]

    assert [answer.status for answer in answers[:-1]] == [201] * 5
    assert_throttled(answers[-1])


def test_a_site_has_a_total_of_votes_and_flags_together(limited_site: Site, writer: Person) -> None:
    limit_site(limited_site, votes=2)
    post_id = writer.posted()
    bob = Person("bob", writer.page)

    answers = [bob.vote(post_id, 1), bob.flag(post_id), bob.vote(post_id, -1)]

    assert [answer.status for answer in answers] == [200, 204, 429]


def test_a_total_of_0_is_none(limited_site: Site) -> None:
    limit_site(limited_site, posts=0)
    people = [Person(f"reader {number}", page_of(limited_site)) for number in range(15)]
    for number, person in enumerate(people):
        move(person, f"192.0.2.{number}")

    assert {person.post().status for person in people} == {201}


def test_a_total_that_is_changed_counts_from_then_on(limited_site: Site, writer: Person) -> None:
    limit_site(limited_site, posts=5)
    for _ in range(3):
        writer.posted()
    limit_site(limited_site, posts=2)

    assert [writer.post().status for _ in range(3)] == [201, 201, 429]


def test_who_is_refused_takes_nothing_from_the_others(limited_site: Site, writer: Person) -> None:
    limit_site(limited_site, posts=12)
    for _ in range(10):
        writer.posted()
    for _ in range(20):
        assert_throttled(writer.post())
    bob = Person("bob", writer.page)
    move(bob, "192.0.2.1")

    assert [bob.post().status for _ in range(3)] == [201, 201, 429]


def test_of_several_waits_the_longest_is_told(
    limited_site: Site, writer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_site(limited_site, posts=1)
    monkeypatch.setitem(throttles.RATES, "post", parse_many("1/minute; 1/hour"))
    writer.posted()

    assert 3_500 <= int(writer.post().headers["Retry-After"]) <= 3_601


def test_an_unlimited_site_has_no_rate(alice: Person, site: Site) -> None:
    limit_site(site, posts=1, votes=1)

    assert {alice.post().status for _ in range(15)} == {201}


@pytest.mark.usefixtures("no_redis")
def test_without_redis_posting_works_and_the_process_counts_for_itself(writer: Person) -> None:
    for _ in range(10):
        writer.posted()
    writer.post()  # which has room where the minute turned meanwhile, as this count's minutes are the clock's

    assert_throttled(writer.post())


def test_the_count_is_shared_through_redis(writer: Person, redis_client: redis.Redis) -> None:
    writer.posted()
    writer.posted()

    counted = {"/".join(name.split("/")[1:3]) for name in redis_client.scan_iter("kibitz:rate:*")}
    assert counted == {"post/address", "post/author", "posts/site"}


def test_a_redis_that_may_not_count_still_takes_events(writer: Person, redis_client: redis.Redis) -> None:
    redis_client.acl_setuser("default", enabled=True, commands=["-evalsha"])
    try:
        writer.posted()

        assert request_redis.breaker._open_until is None
    finally:
        redis_client.acl_setuser("default", enabled=True, commands=["+evalsha"])


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("unknown", "unknown"),
    ],
)
def test_of_ipv6_the_half_that_is_not_the_customers_choice_is_counted(address: str, counted: str) -> None:
    assert counted_address(address) == counted


@pytest.fixture
def _few_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttles, "READING_UNCOUNTED", RateLimitItemPerMinute(2))
    monkeypatch.setattr(throttles, "READING", RateLimitItemPerMinute(3))


def reading_calls(person: Person, post_id: int) -> list[Answer]:
    site = person.page.site
    return [
        person.snapshot(),
        person.events(after=0),
        person.head(),
        person.get(f"/api/v1/sites/{site}/counts/", page_id=person.page.page_id),
        person.get(f"/api/v1/sites/{site}/thread/", page_id=person.page.page_id, url=person.page.url),
        person.look(post_id),
    ]


@pytest.mark.usefixtures("_few_readings")
def test_reading_has_a_wide_rate(alice: Person) -> None:
    post_id = alice.posted()
    move(alice, "192.0.2.1")

    answers = reading_calls(alice, post_id)

    assert [answer.status for answer in answers] == [200] * 5 + [429]
    assert_throttled(answers[-1])
    assert {answer.status for answer in reading_calls(alice, post_id)} == {429}


def test_who_reads_now_and_then_costs_no_round_trip(alice: Person, redis_client: redis.Redis) -> None:
    move(alice, "192.0.2.1")

    assert {alice.head().status for _ in range(50)} == {200}
    assert not list(redis_client.scan_iter("kibitz:rate:*"))


@pytest.mark.usefixtures("_few_readings")
def test_who_shares_the_count_of_a_process_still_has_a_rate_of_their_own(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttles, "READING_SLOTS", 1)
    answers = []

    for number in range(8):
        move(alice, f"192.0.2.{number}")
        answers.append(alice.head().status)

    assert answers == [200] * 8
    assert [alice.head().status for _ in range(3)] == [200, 200, 429]


def test_it_is_wide_enough_for_an_office_behind_one_address() -> None:
    assert throttles.READING.amount == 6_000


@pytest.mark.usefixtures("_few_readings")
@pytest.mark.parametrize("address", ["127.0.0.1", "::1", ""])
def test_this_machine_reads_without_limit(address: str, alice: Person) -> None:
    alice.client.defaults["REMOTE_ADDR"] = address

    assert {alice.head().status for _ in range(10)} == {200}


@pytest.mark.usefixtures("_few_readings")
def test_where_sockets_have_no_limit_reading_has_none(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIBITZ_MAX_SOCKETS_PER_ADDRESS", "0")
    move(alice, "192.0.2.1")

    assert {alice.head().status for _ in range(10)} == {200}


@pytest.mark.usefixtures("_few_readings", "no_redis")
def test_without_redis_reading_has_no_limit(alice: Person) -> None:
    move(alice, "192.0.2.1")

    assert {alice.head().status for _ in range(10)} == {200}
